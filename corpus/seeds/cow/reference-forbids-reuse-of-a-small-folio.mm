# rules: B6 B9
# A plain reference taken while shared keeps the old page: the writer copies and the holder reads the old data.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
get p0 0 r h0 -> 1
exit p1
write p0 0 b
dma_read h0 0 -> a
read p0 0 -> b
