# rules: G8 G9 F8
# "The information about exclusivity is implicitly handled via the migration entries": after a split
# exclusive pages are written in place and shared ones are copied.
thp always=3
mmap p0 8+8 rw
write p0 8 a -> ok
write p0 15 b -> ok
madvise p0 12+4 dontfork -> ok
fork p0 p1 -> ok
split p0 8 order=0 -> ok
pin p0 15 r h0 longterm -> 1
write p0 15 c -> ok
dma_read h0 0 -> c
write p0 8 d -> ok
read p1 8 -> a
