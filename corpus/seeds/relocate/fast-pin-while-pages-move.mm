# rules: JR12 JR13
# GUP-fast takes no lock: its pin may come after the look at pins, and does no harm.
config ptes=4
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
race pin p0 0 rw h0 at 2,3,4,5
mremap p0 0+4 21+4 maymove fixed relocate -> @21
rmap_walk p0 21 -> p0
dma_write h0 0 c
read p0 22 -> b
put h0
mremap p0 21+4 0+4 maymove fixed must_relocate -> @0
