# rules: F3 L13 P3
# A KSM page has no anon_vma; whoever maps it is found all the same.
mmap p0 0+8 rw
madvise p0 0+8 mergeable
write p0 0 0
write p0 5 0
ksm p0 0 p0 5 -> ok
migrate p0 0 l0 -> EACCES
migrate p0 0 l0 all -> ok
read p0 5 -> BLOCKED
migrate_copy l0 -> ok
migrate_end l0
ksm p0 0 p0 5 -> ok        # the same page still
write p0 0 a
read p0 5 -> 0
