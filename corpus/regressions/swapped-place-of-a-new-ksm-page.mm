# A page in the swap cache becomes a KSM page; mapped at another place of its slot it can be found there (P7, L13).
config ptes=4
mmap p0 1+2 rw
madvise p0 1+2 mergeable
write p0 1 0
write p0 2 0
ksm p0 1 p0 2
swap_out p0 1
read p0 1
mmap p0 0+1 rw
madvise p0 0+1 mergeable
write p0 0 0
ksm p0 1 p0 0
soft_offline p0 2
