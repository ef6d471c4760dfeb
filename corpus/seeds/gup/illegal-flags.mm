# rules: D22 D1
# LONGTERM without PIN is EINVAL, and so is SPLIT_PMD in the fast calls; no pages asked for is no error.
mmap p0 0+2 rw
get p0 0 r h0 longterm -> EINVAL
pin p0 0 r h0 fast split -> EINVAL
pin p0 0+0 r h0 -> 0
dma_read h0 0 -> EBADF
