# rules: Q3 C14 D12 A13
# GUP fails, fork copies the entry, mprotect leaves it, giving the memory up clears it.
mmap p0 0+4 rw
write p0 0 a
hwpoison p0 0 -> SIGBUS
get p0 0 r h0 -> EFAULT
madvise p0 0+4 populate_read -> EHWPOISON
hwpoison p0 0 -> EFAULT
fork p0 p1
read p1 0 -> SIGBUS
mprotect p0 0+4 r
read p0 0 -> SIGBUS
madvise p0 0+4 dontneed
read p0 0 -> 0
madvise p1 0+4 free
read p1 0 -> 0
munmap p0 0+4
