# rules: N12 N9
# A CPU cannot bring back what the owner has collected, until that is over.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_evict d0 p0 0+1 l0 -> 1
read p0 0 -> BLOCKED
dev_finalize l0
read p0 0 -> a
