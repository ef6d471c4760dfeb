# rules: G2 G4
# Part of a block: the PMD is split first, huge zero pages too.
mmap p0 0+16 rw
thp always=3
write p0 2 a
read p0 8 -> 0
mprotect p0 4+8 r
write p0 3 b -> ok
write p0 4 b -> SIGSEGV
write p0 11 b -> SIGSEGV
write p0 12 b -> ok
