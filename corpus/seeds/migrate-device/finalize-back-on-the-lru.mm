# rules: N9
# migrate_vma_finalize: the ordinary page of the two goes to the LRU, whichever it is, and the device's never.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
isolate p0 0 l0 -> EAGAIN
swap_out p0 0 -> EAGAIN
read p0 0 -> a
isolate p0 0 l0 -> ok
drop l0
swap_out p0 0 -> ok
read p0 0 -> a
