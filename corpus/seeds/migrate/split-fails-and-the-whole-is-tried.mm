# rules: F15 F7
# A reference forbids the split: the whole folio is unmapped, and fails at the copy.
mmap p0 0+8 rw
thp always=2
write p0 0 a
madvise p0 1+1 dontneed
get p0 2 r h0 -> 1
migrate p0 0 l0 -> ok
migrate_copy l0 -> EAGAIN
put h0
migrate_copy l0 -> ok
migrate_end l0
read p0 0 -> a
deferred_scan 8
lock p0 0 l0
lock p0 2 l1 -> EAGAIN     # the destination is not queued, so it was not split
