# rules: G15 G16 G17 G19 G24
# The pages of a block are copied into one folio; holes become pages of zeroes.
mmap p0 0+16 rw
write p0 0 a
write p0 3 b
read p0 4 -> 0
write p0 9 c
madvise p0 0+16 collapse -> ok
read p0 0 -> a
read p0 3 -> b
read p0 4 -> 0
read p0 9 -> c
lock p0 0 l0
lock p0 7 l1 -> EAGAIN
fail_alloc 1
write p0 5 d -> ok
madvise p0 0+16 collapse -> ok
