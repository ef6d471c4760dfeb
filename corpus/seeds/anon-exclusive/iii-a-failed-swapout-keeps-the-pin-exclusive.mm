# rules: E1 E11
# III, without the race: a pin keeps the page mapped, a plain reference keeps it in the swap cache
# until its owner has it back.
mmap p0 0+4 rw
write p0 0 a -> ok
get p0 0 r h0 -> 1
swap_out p0 0
write p0 0 b -> ok
pin p0 0 rw h1 -> 1
swap_out p0 0 -> EBUSY
dma_write h1 0 c -> ok
read p0 0 -> c
