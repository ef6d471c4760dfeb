# rules: E11 E12 E13
# A page somebody refers to is unmapped, but not written; the next fault finds the same page.
mmap p0 0+4 rw
write p0 1 a
get p0 1 rw h0 -> 1
swap_out p0 1 -> EBUSY
dma_write h0 0 b -> ok
read p0 1 -> b
put h0
swap_out p0 1 -> ok
read p0 1 -> b
