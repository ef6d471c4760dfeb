# rules: J9 J15 J6
# At an address that is not congruent a folio is mapped page by page, in two tables.
config ptes=4
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 3 b
mremap p0 0+4 22+4 maymove fixed -> @22
read p0 22 -> a
write p0 25 c -> ok
lock p0 22 l0 -> ok
lock p0 25 l1 -> EAGAIN
drop l0
rmap_walk p0 25 -> p0
migrate p0 22 l0 -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
read p0 25 -> c
mremap p0 23+1 40+1 maymove fixed -> @40
split p0 40 order=0 -> ok
read p0 40 -> 0
read p0 22 -> a
