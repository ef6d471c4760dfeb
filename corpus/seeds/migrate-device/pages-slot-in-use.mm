# rules: N7 N9
# migrate_vma_pages, folio_free_swap fails: somebody else needs the slot.
mmap p0 0+8 rw
write p0 0 a
swap_out p0 0 l0 -> ok
write_done l0
fork p0 p1
read p0 0 -> a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 0
dev_finalize l0
dev_read d0 p0 0 -> EFAULT
read p0 0 -> a
read p1 0 -> a
