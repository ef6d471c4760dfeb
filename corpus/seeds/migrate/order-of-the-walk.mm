# rules: L17 S10
# The parent was linked first, so it comes back first; its VMA changes its end, and it comes behind the child.
mmap p0 0+8 rw
thp always=3
write p0 0 a
fork p0 p1
fork p0 p2
migrate p0 0 l0 all -> ok
migrate_end l0
munmap p0 7+1
migrate p0 0 l0 all -> ok
migrate_end l0
exit p2
exit p1
write p0 0 b
