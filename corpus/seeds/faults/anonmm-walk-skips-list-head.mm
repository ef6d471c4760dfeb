# rules: M16
# The walk begins at the noted record and goes round: those before it in the list come last.
config rmap=anonmm
mmap p0 0+1 rw
fork p0 p1
write p1 0 a
exit p0
fork p1 p0
fork p0 p2
exit p1
rmap_walk p2 0 -> p0,p2
fork p2 p1
munmap p0 0+1
rmap_walk p2 0 -> p1,p2
