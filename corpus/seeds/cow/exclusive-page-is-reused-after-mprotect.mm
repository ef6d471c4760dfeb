# rules: H3 H4 B17
# mprotect takes the write bit and never the exclusivity: a pinned page is written in place afterwards.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0 -> 1
mprotect p0 0+1 r
mprotect p0 0+1 rw
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b
