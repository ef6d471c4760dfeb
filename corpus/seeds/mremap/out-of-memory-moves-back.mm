# rules: J11
# No page table for the second block: what has moved comes back.
config ptes=4
mmap p0 0+8 rw
write p0 1 a
write p0 2 b
write p0 5 c
pin p0 1 rw h0
fail_alloc 5
mremap p0 1+6 34+6 maymove fixed -> ENOMEM
read p0 1 -> a
read p0 2 -> b
read p0 5 -> c
read p0 35 -> SIGSEGV
dma_write h0 0 d
read p0 1 -> d
fail_alloc 1
mremap p0 1+6 34+6 maymove fixed -> ENOMEM  # no VMA
read p0 5 -> c
