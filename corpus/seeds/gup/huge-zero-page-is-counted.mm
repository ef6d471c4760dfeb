# rules: D7 D8
# A read pin of the huge zero page is taken there, slow or fast, and shows nothing but zero.
mmap p0 0+8 rw
thp always=3
read p0 0 -> 0
pin p0 2+3 r h0 -> 3
pin p0 2+3 r h1 fast -> 3
write p0 2 a
dma_read h0 0 -> 0
put h0
put h1
