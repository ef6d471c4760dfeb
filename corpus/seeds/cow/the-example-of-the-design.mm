# rules: C6 D7
# The program every document shows: a pinned page is copied for the child, and the pin stays with its owner.
config ptes=8 procs=3
mmap p0 0+8 rw
write p0 3 a
pin p0 3 rw h0         # FOLL_PIN|FOLL_WRITE
fork p0 p1             # the pinned page is copied for the child at once
write p1 3 b
dma_write h0 0 c
read p0 3 -> c         # the pin still sees, and is seen by, its owner
read p1 3 -> b
