# rules: F2 Z8
# Without a destination nothing is done.
mmap p0 0+4 rw
write p0 0 a
fail_alloc 1
migrate p0 0 l0 -> ENOMEM
write p0 0 b -> ok
migrate p0 0 l0 -> ok
