# rules: G10 G12
# Pages that nothing maps go with the split.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 3 b
madvise p0 1+2 dontneed
split p0 0 order=0 -> ok
read p0 3 -> b
deferred_scan 4
write p0 1 c
read p0 0 -> a
