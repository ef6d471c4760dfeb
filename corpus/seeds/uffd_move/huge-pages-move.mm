# rules: K7 K12
# A leaf moves whole between aligned places if nothing is at the destination, not even an empty table.
config ptes=4
mmap p0 0+12 rw
mmap p0 20+12 rw
thp always=2
write p0 1 a
read p0 4 -> 0
write p0 8 b
thp never
uffd_register p0 20+12 missing
uffd_move p0 0+8 20 -> 8
read p0 21 -> a
lock p0 20 l0 -> ok
lock p0 21 l1 -> EAGAIN         # still one folio
drop l0
read p0 24 -> 0
rmap_walk p0 23 -> p0
uffd_move p0 8+4 20 -> EEXIST
uffd_copy p0 28 c -> ok
madvise p0 28+1 dontneed
uffd_move p0 8+4 28 -> 4        # a table was there: split
lock p0 28 l0 -> ok
read p0 28 -> b
