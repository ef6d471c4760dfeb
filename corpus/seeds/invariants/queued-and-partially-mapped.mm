# rules: INV32 INV16 INV18 INV28
# A huge page, partly unmapped, then freed lazily and split; flags and deposits follow.
mmap p0 0+16 rw
thp always=3
write p0 0 a
write p0 8 b
munmap p0 0+3
madvise p0 8+8 free
madvise p0 3+1 free
read p0 8 -> b
write p0 4 c
exit p0
