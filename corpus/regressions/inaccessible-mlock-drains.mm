config ptes=4 lru_batch=on
mmap p0 0+1 rw
write p0 0 a
mmap p0 1+1 rw droppable
mprotect p0 1+1 none
mlock p0 1+1
