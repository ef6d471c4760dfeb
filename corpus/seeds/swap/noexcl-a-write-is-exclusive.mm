# rules: E26 E27 E14
# A write that brings a page back looks whether anybody else has it: here the swap cache gave it up.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 -> ok
fail_alloc 2
write p0 1 b -> ok     # one allocation: for what is read
fail_alloc 1
pin p0 1 r h0 -> 1     # exclusive: no unsharing
write p0 1 c
dma_read h0 0 -> c
