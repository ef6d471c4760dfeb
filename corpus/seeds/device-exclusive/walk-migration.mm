# rules: O3 O13
# Migration of a page that is exclusive to a device: its reference counts as no mapping (walk), so it cannot move.
config dev_exclusive=walk
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
rmap_walk p0 0 -> nobody
migrate p0 0 l0 -> ok
migrate_copy l0 -> EAGAIN
dev_write d0 p0 0 c -> ok
migrate_end l0
read p0 0 -> c
