# rules: B10 D5
# A read-only long-term pin replaces the zero page by an exclusive zeroed page, which the owner then writes in place.
mmap p0 0+2 rw
pin p0 0 r h0 longterm -> 1
fail_alloc 1
write p0 0 a -> ok
dma_read h0 0 -> a
pin p0 1 r h1 -> 1           # without longterm the zero page itself will do
write p0 1 b
dma_read h1 0 -> 0
