# rules: G2 H4
# In a PROT_NONE mapping the PTEs of a split stay without access.
mmap p0 0+8 rw
thp always=3
write p0 3 a
mprotect p0 0+8 none
madvise p0 0+1 dontneed
read p0 3 -> SIGSEGV
peek p0 3 -> a
mprotect p0 0+8 rw
read p0 3 -> a
read p0 0 -> 0
