# rules: B8 B9 C4 D6
# The COW selftest on a PTE-mapped folio of order 4: a plain reference taken by the parent before fork does not see what the child writes.
config ptes=32
mmap p0 0+16 rw
thp always=4
write p0 9 a
get p0 9 r h0 fast -> 1
fork p0 p1
munmap p0 0+16
write p1 9 b
dma_read h0 0 -> a
read p1 9 -> b
