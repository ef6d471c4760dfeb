# certificate: mmdiff 1
#   signature: ideal INV25 dma_write
#   deletions: 9 tried, none keeps the failure
#   lowerings: 40 tried, none keeps the failure
#   program: b0245cb62288eacb
config ptes=4
mmap p0 0+2 rw
get p0 1 rw h0
get p0 0 rw h1
fork p0 p1
mremap p0 0+2 2+2 maymove fixed
madvise p0 2+2 mergeable
madvise p0 2+2 free
ksm p0 3 p0 2
dma_write h0 0 a
