# rules: N5 N7
# migrate_vma_check_page, the reference of the swap cache; migrate_vma_pages frees its slot first.
config swap=4
mmap p0 0+8 rw
write p0 0 a
madvise p0 1+4 populate_write
swap_out p0 0 l0 -> ok
write_done l0
read p0 0 -> a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_read d0 p0 0 -> a
swap_out p0 1 -> ok
swap_out p0 2 -> ok
swap_out p0 3 -> ok
swap_out p0 4 -> ok                 # the slot is free again
