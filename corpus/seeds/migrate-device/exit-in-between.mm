# rules: N9 I13
# exit between the phases.
mmap p0 0+8 rw
write p0 0 a
fork p0 p1
write p0 1 b
dev_setup d0 p0 0+3 l0 system -> 3
exit p0
dev_pages l0 device -> 2
dev_finalize l0
dev_read d0 p1 0 -> a
read p1 0 -> a
dev_evict d0 p1 0+8 l0 -> 0
dev_finalize l0
