# rules: D20 D5 B10
# A read-only long-term pin of an untouched page first maps the zero page, then replaces it.
mmap p0 0+2 r
write p0 0 a -> SIGSEGV
pin p0 0 r h0 longterm -> 1
poke p0 0 a
dma_read h0 0 -> a
