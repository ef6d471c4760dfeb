# rules: E1 E26
# The exclusiveness is forgotten only where it may be: not of a page that is pinned.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
pin p0 1 r h0 -> 1
swap_out p0 1 -> EBUSY
write p0 1 b
dma_read h0 0 -> b
put h0
swap_out p0 1 -> ok
read p0 1 -> b
