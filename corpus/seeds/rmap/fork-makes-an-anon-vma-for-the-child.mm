# rules: L3 L4
# A child of the first process gets an anon_vma of its own; the root is never reused, not even when its process has gone.
mmap p0 0+1 rw
write p0 0 a
fail_alloc 4
fork p0 p1 -> ENOMEM
fork p0 p1 -> ok
exit p0
fail_alloc 7
fork p1 p2 -> ENOMEM  # mm, VMA, two links cloned, anon_vma, its link, PMD table
