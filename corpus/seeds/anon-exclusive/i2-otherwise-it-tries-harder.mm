# rules: B6
# "Otherwise, the handler tries harder": the last owner reuses the page and marks it exclusive.
mmap p0 0+4 rw
write p0 0 a -> ok
fork p0 p1 -> ok
exit p1 -> ok
write p0 0 b -> ok
pin p0 0 rw h0 -> 1
fork p0 p1 -> ok
dma_write h0 0 c -> ok
read p0 0 -> c
read p1 0 -> b
