# rules: E16
config ptes=4
mmap p0 0+2 rw
madvise p0 0+2 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1
swap_out p0 0
read p0 0
read p0 1
