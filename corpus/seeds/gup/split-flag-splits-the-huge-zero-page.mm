# rules: D8 G4
# The huge zero page is split, too, into small zero pages.
mmap p0 0+8 rw
thp always=3
read p0 0 -> 0
get p0 1 r h0 split -> 1
write p0 1 a
lock p0 1 l0 -> ok
lock p0 2 l1 -> EFAULT
dma_read h0 0 -> 0
