# A page read from a slot that KSM made that of two processes outlives its anon_vma in the swap cache (INV29); the other
# process gets a copy (E16).
config ptes=4
mmap p0 0+1 rw
madvise p0 0+1 mergeable
fork p0 p1
write p0 0 0
write p1 0 0
ksm p0 0 p1 0
swap_out p0 0
read p0 0
exit p0
read p1 0
