# rules: B1 B7 B9 C4 H4
# The COW selftest on a PTE-mapped folio of order 4: mprotect to read-only and back after fork gives nobody write access to a shared page.
config ptes=32
mmap p0 0+16 rw
thp always=4
write p0 9 a
fork p0 p1
mprotect p0 0+16 r
mprotect p0 0+16 rw
write p0 9 b
read p1 9 -> a
mprotect p1 0+16 r
mprotect p1 0+16 rw
write p1 9 c
read p0 9 -> b
