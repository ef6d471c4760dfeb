# rules: D13
# Dropping a handle as dirty marks its folios dirty; the pages stay as they are.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
dma_write h0 0 b
put h0 dirty -> ok
read p0 0 -> b
fail_alloc 1
write p0 0 c -> ok
