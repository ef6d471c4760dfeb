# rules: G24
# A range that ends in the block after the one it begins in has nothing to do; one inside a block is an error.
mmap p0 0+16 rw
write p0 0 a
madvise p0 6+4 collapse -> ok
madvise p0 1+4 collapse -> EINVAL
madvise p0 1+15 collapse -> EINVAL
read p0 0 -> a
