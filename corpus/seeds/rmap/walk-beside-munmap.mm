# rules: L19 I1
# Nobody maps the folio any more: the walk is over before it begins. As long as the child has it, the
# child is found.
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
write p0 2 c
race walk p0 0 at end,end,end,end
munmap p0 0+1 -> ok
race walk p0 1 at 1,2,3,4
munmap p0 1+1 -> ok
fork p0 p1
race walk p0 2 at 1,1,2,2
munmap p0 2+1 -> ok
rmap_walk p1 2 -> p1
race walk p1 2 at end,end,end,end
exit p1 -> ok
