# rules: C14 Q3
# "The page table entry is just a placeholder after all": fork copies it, both sides get SIGBUS.
mmap p0 0+4 rw
write p0 0 a -> ok
hwpoison p0 0
fork p0 p1 -> ok
read p0 0 -> SIGBUS
read p1 0 -> SIGBUS
madvise p1 0+1 dontneed -> ok
read p1 0 -> 0
read p0 0 -> SIGBUS
