# rules: H5 F8
# "Remember the information about exclusivity via the readable-exclusive migration entry type".
mmap p0 0+4 rw
write p0 0 a -> ok
migrate p0 0 l0 -> ok
mprotect p0 0+4 r -> ok
mprotect p0 0+4 rw -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
pin p0 0 r h0 longterm -> 1
write p0 0 b -> ok
dma_read h0 0 -> b
