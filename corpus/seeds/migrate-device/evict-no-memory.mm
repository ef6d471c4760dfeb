# rules: N13 N9
# No page to evict to: it stays.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_evict d0 p0 0+1 l0 -> 1
fail_alloc 1
dev_pages l0 host -> 0
dev_finalize l0
dev_write d0 p0 0 b -> ok
read p0 0 -> b
