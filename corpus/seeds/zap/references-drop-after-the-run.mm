# rules: I18
# The counts of a run change once: a folio zapped in one run over its whole length is just freed.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 4 b
get p0 1 r h0
munmap p0 0+8
dma_read h0 0 -> 0
put h0
