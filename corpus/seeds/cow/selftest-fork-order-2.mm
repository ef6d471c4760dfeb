# rules: B1 B7 B9 C4
# The COW selftest on a PTE-mapped folio of order 2: after fork neither side sees what the other writes.
config ptes=32
mmap p0 0+4 rw
thp always=2
write p0 1 a
fork p0 p1
write p1 1 b
read p0 1 -> a
write p0 1 c
read p1 1 -> b
read p0 1 -> c
