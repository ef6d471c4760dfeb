# rules: INV25 INV36 INV27
# Split, share, free and copy change how memory is mapped, never what it holds.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 7 b
fork p0 p1
mprotect p0 3+1 none
madvise p0 0+8 free
write p0 3 c -> SIGSEGV
exit p1
madvise p0 0+1 free
read p0 0 -> a
read p0 7 -> b
