# rules: S19
# A walk that fails midway answers what it took; only at its first page it answers the error.
mmap p0 0+2 rw
mmap p0 3+1 r
get p0 0+4 r h0 -> 2
get p0 2+2 r h1 -> EFAULT
get p0 3 rw h1 -> EFAULT
lock p0 1 l0 -> EFAULT     # taken for reading: the zero page
dma_read h0 1 -> 0
