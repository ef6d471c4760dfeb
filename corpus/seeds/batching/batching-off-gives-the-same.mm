# rules: BT14 BT15
# The switch that makes every run one entry long changes no answer.
config batching=off
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 1+1 dontfork
fork p0 p1
madvise p0 1+1 dofork
mprotect p0 0+4 r
mprotect p0 0+4 rw
fail_alloc 1
write p0 1 b -> ok
write p0 2 c
read p1 2 -> 0
madvise p0 0+4 dontneed
read p1 0 -> a
