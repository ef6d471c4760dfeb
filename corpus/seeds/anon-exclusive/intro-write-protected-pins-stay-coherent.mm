# rules: H4 D9
# "Consistent with the page mapped into the page table even if the page table entry gets
# write-protected": the fault after mprotect reuses the pinned page.
mmap p0 0+4 rw
write p0 0 a -> ok
pin p0 0 rw h0 -> 1
mprotect p0 0+4 r -> ok
mprotect p0 0+4 rw -> ok
write p0 0 b -> ok
dma_read h0 0 -> b
dma_write h0 0 c -> ok
read p0 0 -> c
