# certificate: mmdiff 1
#   signature: ideal INV27 dma_read
#   deletions: 5 tried, none keeps the failure
#   lowerings: 7 tried, none keeps the failure
#   program: 6fdd04c80f6d8c09
config ptes=4
mmap p0 0+1 rw
pin p0 0 r h0
write p0 0 a
madvise p0 0+2 dontneed
dma_read h0 0
