# rules: B14 D5
# A read-only long-term pin replaces the huge zero page by a folio of its own, which the owner's write then shows.
mmap p0 0+8 rw
thp always=3
read p0 1 -> 0
pin p0 1+2 r h0 longterm -> 2
write p0 2 a
dma_read h0 1 -> a
dma_read h0 0 -> 0
