# rules: A3 B16 S18
# A write to untouched memory makes a fresh exclusive page that is writable at once.
mmap p0 0+8 rw
write p0 3 a -> ok
read p0 3 -> a
lock p0 3 l0 -> ok
fail_alloc 1
write p0 3 b -> ok  # no fault, no copy, in spite of the lock
read p0 3 -> b
read p0 2 -> 0
