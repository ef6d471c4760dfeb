# rules: N7 N9
# migrate_vma_pages with an ordinary destination: the page moves, with its slot.
mmap p0 0+8 rw
write p0 0 a
swap_out p0 0 l0 -> ok
write_done l0
fork p0 p1
read p0 0 -> a
dev_setup d0 p0 0+2 l0 system -> 2
dev_pages l0 host -> 2
dev_finalize l0
read p0 0 -> a
read p1 0 -> a
get p0 1 rw h0 nofault -> 1
read p0 1 -> 0
