# rules: S21 Z4 B3
# Once tracking starts an exclusive page is written through a fault that reuses it; without the config it is EINVAL.
config soft_dirty=on
mmap p0 0+2 rw
write p0 0 a
get p0 0 r h0 -> 1
clear_refs p0 -> ok
mprotect p0 0+1 r
mprotect p0 0+1 rw
fail_alloc 1
write p0 0 b -> ok
dma_read h0 0 -> b
