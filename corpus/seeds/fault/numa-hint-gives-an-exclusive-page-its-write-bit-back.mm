# rules: A12 H11
# The hint fault rebuilds the entry; an exclusive page becomes writable again at once.
mmap p0 0+4 rw
write p0 0 a
get p0 0 r h0 -> 1
numa_hint p0 0+4 -> ok
read p0 0 -> a
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b      # the same page still
