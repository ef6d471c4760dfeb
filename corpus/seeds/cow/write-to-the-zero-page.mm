# rules: B10 B9
# A write to the zero page makes a zeroed page of one's own; the other zero pages stay zero.
mmap p0 0+4 rw
read p0 0 -> 0
read p0 1 -> 0
write p0 0 a -> ok
read p0 0 -> a
read p0 1 -> 0
lock p0 1 l0 -> EFAULT
fail_alloc 1
write p0 1 b -> OOM
