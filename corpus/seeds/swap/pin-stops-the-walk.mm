# rules: E4 E6
# A cached large folio that is pinned cannot be unmapped: the exclusive page refuses.
config ptes=4
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
swap_out p0 0 l0 -> ok
write_done l0 -> ok
read p0 1 -> b          # mapped whole, still cached
pin p0 2 r h0 -> 1
swap_out p0 0 -> EBUSY
write p0 2 e
dma_read h0 0 -> e
