# rules: Z4
# Clearing soft-dirty bits does not part a pin from its page.
config soft_dirty=on
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
clear_refs p0
write p0 0 b
dma_read h0 0 -> b
