# rules: B6 B4 INV1
# A page that its last owner reuses is exclusive again: a fork with a pin on it copies.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
write p0 0 b
pin p0 0 rw h0
fork p0 p1
write p0 0 c
dma_read h0 0 -> c
read p1 0 -> b
