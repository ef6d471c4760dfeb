# rules: INV5 INV11 INV12 INV31
# A page in swap is its owner's alone until a fork; its cached folio takes it back to the same place.
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
swap_out p0 0 l0 -> ok
fork p0 p1 -> ok
read p0 0 -> a
write p0 0 c -> ok
read p1 0 -> a
write_done l0 -> ok
swap_out p0 1 -> ok
read p0 1 -> b
