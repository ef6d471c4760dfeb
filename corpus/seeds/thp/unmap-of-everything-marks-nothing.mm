# rules: BT2
# A folio whose pages all go in one run is not partially mapped, it is freed.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+4 dontneed
read p0 0 -> 0
