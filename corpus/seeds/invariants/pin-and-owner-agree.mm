# rules: INV3 INV4 INV26
# Through fork, mprotect, MADV_FREE and a PMD split a pinned page stays its owner's page.
mmap p0 0+8 rw
thp always=3
write p0 5 a
pin p0 5 rw h0
fork p0 p1
mprotect p0 0+8 r
mprotect p0 4+4 rw
madvise p0 4+4 free
numa_hint p0 0+8
dma_write h0 0 b
read p0 5 -> b
write p0 5 c
dma_read h0 0 -> c
read p1 5 -> a
