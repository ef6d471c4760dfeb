# rules: BT12 A3 A6
# A fresh large folio is like so many fresh pages: each exclusive, writable, and given back one by one.
mmap p0 0+4 rw
thp always=2
write p0 1 a
fail_alloc 1
write p0 3 b -> ok
madvise p0 1+1 dontneed
read p0 1 -> 0
read p0 3 -> b
pin p0 3 r h0
fail_alloc 1
write p0 3 c -> ok
dma_read h0 0 -> c
