# rules: G7 I10
# A folio with a pin is not split: its page stays, exclusive, where the pin is.
mmap p0 0+8 rw
thp always=3
write p0 2 a
pin p0 2 rw h0
madvise p0 0+1 free
write p0 2 b
dma_read h0 0 -> b
