# rules: E4 E13
# The future that I.4 speaks of: the swap entry remembers exclusivity, and a page still in the swap
# cache comes back writable although a reference is held.
mmap p0 0+4 rw
write p0 0 a -> ok
swap_out p0 0 l0 -> ok
write p0 0 b -> ok
pin p0 0 rw h0 -> 1
write_done l0 -> ok
dma_write h0 0 c -> ok
read p0 0 -> c
