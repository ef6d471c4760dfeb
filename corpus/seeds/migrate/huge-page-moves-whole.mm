# rules: F4 F7 G14
# A PMD mapping becomes a PMD MIGRATION entry and a PMD mapping again; the destination is not queued for splitting.
mmap p0 0+8 rw
thp always=3
write p0 5 a
migrate p0 1 l0 -> ok
migrate_copy l0 -> ok
migrate_end l0
read p0 5 -> a
fail_alloc 1
write p0 0 b -> ok
lock p0 0 l0
lock p0 7 l1 -> EAGAIN  # one folio still
