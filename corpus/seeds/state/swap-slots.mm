# rules: S15 E2
# Slots are taken from the lowest; a slot is free when no entry and no folio has it.
config swap=2
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
write p0 2 c
swap_out p0 0 -> ok
swap_out p0 1 -> ok
swap_out p0 2 -> EBUSY
fork p0 p1
exit p0
munmap p1 0+1 -> ok
swap_out p1 2 -> ok
read p1 1 -> b
read p1 2 -> c
