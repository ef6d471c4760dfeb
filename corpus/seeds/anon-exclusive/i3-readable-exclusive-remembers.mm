# rules: F3 F8 H3
# "That information is stored via a new readable-exclusive migration entry": a read-only exclusive
# page is exclusive again after its migration, so mprotect can make it writable at once.
mmap p0 0+4 rw
write p0 0 a -> ok
mprotect p0 0+4 r -> ok
migrate p0 0 l0 -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
mprotect p0 0+4 rw -> ok
pin p0 0 r h0 longterm -> 1
write p0 0 b -> ok
dma_read h0 0 -> b
