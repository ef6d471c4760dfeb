# rules: C3 C9 I12
# p1's memory had guard regions in its parent and is empty, without an anon_vma: its zero page is copied all the same,
# and a table for it.
config ptes=4
mmap p0 0+4 rw
madvise p0 1+1 guard_install
madvise p0 1+1 guard_remove
madvise p0 0+4 wipeonfork
fork p0 p1
madvise p1 0+4 keeponfork
read p1 0 -> 0
fork p1 p2 -> ok
read p2 0 -> 0
fail_alloc 4
fork p1 p3 -> ENOMEM
