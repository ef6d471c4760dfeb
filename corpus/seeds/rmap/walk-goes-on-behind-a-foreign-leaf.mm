# rules: L7 L20
# A folio that lies in two blocks is found in the second, though the first is another folio's leaf now.
config ptes=4
mmap p0 0+12 rw
thp always=2
write p0 4 a
write p0 6 d
write p0 7 b
write p0 0 c
mremap p0 0+12 18+12 maymove fixed -> @18
madvise p0 20+4 collapse -> ok
rmap_walk p0 24 -> p0
migrate p0 24 l0 -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
read p0 25 -> b
read p0 22 -> a
