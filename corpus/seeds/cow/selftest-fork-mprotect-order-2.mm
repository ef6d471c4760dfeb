# rules: B1 B7 B9 C4 H4
# The COW selftest on a PTE-mapped folio of order 2: mprotect to read-only and back after fork gives nobody write access to a shared page.
config ptes=32
mmap p0 0+4 rw
thp always=2
write p0 1 a
fork p0 p1
mprotect p0 0+4 r
mprotect p0 0+4 rw
write p0 1 b
read p1 1 -> a
mprotect p1 0+4 r
mprotect p1 0+4 rw
write p1 1 c
read p0 1 -> b
