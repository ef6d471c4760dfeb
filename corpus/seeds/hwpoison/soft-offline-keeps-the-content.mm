# rules: Q6 F7 F8
# The content moves to another page.
mmap p0 0+4 rw
write p0 0 a
soft_offline p0 0 -> ok
read p0 0 -> a
fail_alloc 1
write p0 0 b -> ok
