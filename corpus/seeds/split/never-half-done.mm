# rules: G11 G7
# A split that is refused has not touched the PMD mapping.
mmap p0 0+8 rw
thp always=3
write p0 0 a
pin p0 0 rw h0
split p0 0 order=0 -> EAGAIN
lock p0 0 l0
fork p0 p1
write p0 0 b -> ok
dma_read h0 0 -> b
