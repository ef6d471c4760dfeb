# rules: A3 A6 A7
# "All fresh anonymous pages will start out as exclusive": small, large and huge ones can be pinned
# and written at once.
mmap p0 0+24 rw
write p0 0 a -> ok
pin p0 0 r h0 longterm -> 1
write p0 0 b -> ok
dma_read h0 0 -> b
thp always=2
write p0 4 c -> ok
pin p0 7 r h1 longterm -> 1
write p0 7 d -> ok
dma_read h1 0 -> d
thp always=3
write p0 8 e -> ok
pin p0 15 r h2 longterm -> 1
write p0 15 f -> ok
dma_read h2 0 -> f
