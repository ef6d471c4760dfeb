# rules: I2 I4 F7
# What is unmapped while it is under migration does not come back; the last page is freed with the migration.
mmap p0 0+8 rw
thp always=3
write p0 0 a
mmap p0 8+4 rw
thp never
write p0 8 b
migrate p0 0 l0 -> ok
migrate p0 8 l1 -> ok
munmap p0 0+8
madvise p0 8+4 dontneed
migrate_copy l0 -> ok
migrate_end l0
migrate_end l1
read p0 8 -> 0
read p0 0 -> SIGSEGV
