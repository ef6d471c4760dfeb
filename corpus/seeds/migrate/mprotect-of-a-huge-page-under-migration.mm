# rules: H5 H8 G1
# Whole block: the PMD entry is changed. Part of a block: it is split first.
mmap p0 0+16 rw
thp always=3
write p0 0 a
write p0 8 b
migrate p0 0 l0 -> ok
migrate p0 8 l1 -> ok
mprotect p0 0+8 r
mprotect p0 8+1 r
migrate_end l0
migrate_end l1
write p0 0 c -> SIGSEGV
write p0 8 c -> SIGSEGV
write p0 9 c -> ok
read p0 8 -> b
