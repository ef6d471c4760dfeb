# rules: JR1 JR13
# A pin is in the way, a plain reference is not.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
get p0 1 rw h1
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
pin p0 21 rw h0
mremap p0 20+4 40+4 maymove fixed must_relocate -> EFAULT
mremap p0 20+4 40+4 maymove fixed relocate -> @40
dma_write h0 0 b
read p0 41 -> b
put h0
mremap p0 40+4 0+4 maymove fixed must_relocate -> @0
dma_read h1 0 -> b
read p0 1 -> b
