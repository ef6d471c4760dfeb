# rules: G1 I12
# A walk for guard regions splits a PMD MIGRATION entry; what is not replaced comes back as PTEs.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 7 b
migrate p0 0 l0 -> ok
madvise p0 0+8 guard_remove -> ok
madvise p0 0+2 guard_install -> ok
migrate_end l0
read p0 0 -> SIGSEGV
read p0 7 -> b
