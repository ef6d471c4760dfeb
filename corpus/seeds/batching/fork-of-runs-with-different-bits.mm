# rules: BT1 BT14 C16
# Clean and dirty, writable and read-only entries of one folio: fork write-protects and shares them all.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+4 free  # clean, old
write p0 1 b         # dirty again
mprotect p0 2+1 r
fork p0 p1
write p0 1 c
write p0 0 d
read p1 0 -> a
read p1 1 -> b
write p1 3 e
read p0 3 -> 0
