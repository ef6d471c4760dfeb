# rules: C18 C8
# A pinned huge page that was split for a fork which then fails stays split, and all of it stays writable.
mmap p0 0+8 rw
thp always=3
write p0 0 a
pin p0 0 rw h0
fail_alloc 8
fork p0 p1 -> ENOMEM
fail_alloc 1
write p0 7 b -> ok
dma_read h0 0 -> a
