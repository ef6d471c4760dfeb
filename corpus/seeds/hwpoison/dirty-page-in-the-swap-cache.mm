# rules: Q1 Q5
# It stays in the swap cache, not uptodate: every later access fails.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
swap_out p0 0
get p1 0 r h0
put h0 dirty
hwpoison p1 0 -> SIGBUS
read p1 0 -> SIGBUS
read p0 0 -> SIGBUS
swapoff
read p0 0 -> SIGBUS
madvise p0 0+4 dontneed
read p0 0 -> 0
