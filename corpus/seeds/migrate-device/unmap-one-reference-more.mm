# rules: N5 N6
# migrate_vma_check_page: a reference that is not the mapping's; the page goes back, and is as before.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
get p0 1 r h0 -> 1
dev_setup d0 p0 0+3 l0 system -> 2
write p0 1 d -> ok
dma_read h0 0 -> d
dev_pages l0 device -> 2
dev_finalize l0
put h0
read p0 0 -> a
read p0 1 -> d
read p0 2 -> c
