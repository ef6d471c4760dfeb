# rules: Z8
# The arming ends with the next operation, whatever it is; 0 disarms; a second arming replaces the first.
mmap p0 0+4 rw
write p0 0 a
fail_alloc 1
read p0 0 -> a
write p0 1 b -> ok
fail_alloc 1
fail_alloc 0
write p0 2 c -> ok
fail_alloc 9
fail_alloc 1
write p0 3 d -> OOM
