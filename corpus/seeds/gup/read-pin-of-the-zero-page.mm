# rules: D7
# A short-term read-only pin takes the zero page as it is, without any count.
mmap p0 0+2 rw
pin p0 0+2 r h0 -> 2
write p0 0 a
dma_read h0 0 -> 0
put h0 -> ok
read p0 1 -> 0
