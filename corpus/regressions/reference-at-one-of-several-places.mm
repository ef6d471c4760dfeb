# A reference may be at several places, if moves failed midway (J2); what its owner then writes at any of them may be read.
config ptes=4
mmap p0 0+2 rw
write p0 1 a
get p0 1 r h0
mremap p0 2+1 1+1 maymove fixed
mremap p0 0+2 2+2 maymove fixed
mremap p0 0+4 4+4 maymove fixed
write p0 3 a
dma_read h0 0
