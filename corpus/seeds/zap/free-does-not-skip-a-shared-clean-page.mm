# rules: I7 I6
# A small page shared since fork and never marked dirty is made lazyfree although two processes map it.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
madvise p0 0+1 free -> ok
read p1 0 -> a
write p1 0 b
read p0 0 -> a
