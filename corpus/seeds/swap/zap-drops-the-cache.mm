# rules: E21 I2
# When the last entry of a slot goes, a cached folio nobody maps goes with it.
config swap=4
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
write_done l0 -> ok
munmap p0 1+1 -> ok
write p0 0 b
swap_out p0 0 -> ok
read p0 0 -> b
