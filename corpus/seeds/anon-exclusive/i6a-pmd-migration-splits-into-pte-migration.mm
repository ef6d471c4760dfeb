# rules: F4 G1
# "Simply insert readable-exclusive PTE migration entries."
thp always=3
mmap p0 8+8 rw
write p0 8 a -> ok
mprotect p0 8+8 r -> ok
migrate p0 8 l0 -> ok
mprotect p0 12+4 rw -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
mprotect p0 8+8 rw -> ok
pin p0 9 r h0 longterm -> 1
write p0 9 b -> ok
dma_read h0 0 -> b
read p0 8 -> a
