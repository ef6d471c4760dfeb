# rules: I2 I3 S4
# Zero page entries are cleared without counting; munmap removes guard regions, too.
mmap p0 0+4 rw
read p0 0 -> 0
madvise p0 1+2 guard_install
munmap p0 0+4
mmap p0 0+4 rw
read p0 1 -> 0
read p0 0 -> 0
