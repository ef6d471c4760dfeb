# rules: C6
# Fork copies a pinned page for the child; the parent writes on in place.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
fork p0 p1
write p0 0 b
dma_read h0 0 -> b
read p1 0 -> a
