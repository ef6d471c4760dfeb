# rules: J11 J12
# The source's VMA cannot be split: it stays as it is, empty, and the move is a success.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
fail_alloc 5
mremap p0 1+2 21+2 maymove fixed -> @21
read p0 21 -> a
read p0 1 -> 0
write p0 2 b -> ok
read p0 2 -> b
