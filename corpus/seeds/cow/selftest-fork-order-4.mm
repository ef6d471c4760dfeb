# rules: B1 B7 B9 C4
# The COW selftest on a PTE-mapped folio of order 4: after fork neither side sees what the other writes.
config ptes=32
mmap p0 0+16 rw
thp always=4
write p0 9 a
fork p0 p1
write p1 9 b
read p0 9 -> a
write p0 9 c
read p1 9 -> b
read p0 9 -> c
