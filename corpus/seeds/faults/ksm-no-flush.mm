# rules: R17
config ptes=4
mmap p0 0+2 rw
write p0 0 0
write p0 1 0
madvise p0 0+2 mergeable
race write p0 1 b at end
ksm p0 0 p0 1
