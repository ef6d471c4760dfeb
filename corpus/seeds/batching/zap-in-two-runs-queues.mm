# rules: BT2 BT16 G12
# The same in two operations: after the first some pages stay, so the folio is partially mapped until it goes.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 2 b
get p0 2 r h0
munmap p0 0+2
munmap p0 2+2
dma_read h0 0 -> b
put h0
