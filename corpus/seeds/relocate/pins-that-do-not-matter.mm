# rules: JR8 JR9 JR14 JR15
# A design that does not ask for pins relocates pinned pages, and takes that back, pinned or not, when
# a later page cannot be had.
config ptes=4 relocate=pin_ignore
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
pin p0 0 rw h0
lock p0 1 l0
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
rmap_walk p0 0 -> p0
drop l0
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
dma_write h0 0 c
read p0 20 -> c
rmap_walk p0 20 -> p0
read p0 21 -> b
