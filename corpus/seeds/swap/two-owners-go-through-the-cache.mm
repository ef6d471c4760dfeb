# rules: E12 B9
# Several entries of a slot on a synchronous device: through the cache, and the last to leave takes the cache along.
config swap=2 swap_device=sync
mmap p0 0+4 rw
write p0 1 a
fork p0 p1
swap_out p0 1 -> ok
read p0 1 -> a
lock p1 1 l0 -> ok              # the folio in the cache
read p1 1 -> BLOCKED
drop l0
write p0 1 b -> ok
read p1 1 -> a
madvise p1 1+1 dontneed
madvise p0 0+4 dontneed
write p0 0 c
write p0 1 d
swap_out p0 0 -> ok             # both slots are free
swap_out p0 1 -> ok
read p0 0 -> c
