# rules: Z4
# Pages that may be pinned keep their write bit; others lose it and are reused by the next write fault.
config soft_dirty=on
mmap p0 0+2 rw
write p0 0 a
write p0 1 a
pin p0 0 rw h0 -> 1
get p0 1 r h1 -> 1
clear_refs p0 -> ok
write p0 0 b
write p0 1 c
dma_read h0 0 -> b
dma_read h1 0 -> c
