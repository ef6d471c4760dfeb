# rules: C5 C4
# A process that never pinned shares its pages of a folio that another process has pinned.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+2 dontfork
fork p0 p1
pin p0 0 rw h0
fork p1 p2
lock p1 2 l0
lock p2 2 l1 -> EAGAIN
write p0 0 b
dma_read h0 0 -> b
