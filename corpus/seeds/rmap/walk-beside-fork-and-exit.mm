# rules: L8 L9 L7 C4
# Before the child has its entry the parent is found, afterwards both; when the parent goes, the child.
mmap p0 0+4 rw
write p0 0 a
race walk p0 0 at 0,0,0,0
fork p0 p1 -> ok
race walk p0 0 at 1,2,3,4
fork p0 p2 -> ok
race walk p0 0 at 1,2,3,4
exit p0 -> ok
race walk p1 0 at end,end,end,end
exit p2 -> ok
rmap_walk p1 0 -> p1
