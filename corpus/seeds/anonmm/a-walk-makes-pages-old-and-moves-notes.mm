# rules: M16
# A look for references begins with the noted record and goes round. If that one's process has ended, the page
# notes the first that maps it.
config rmap=anonmm
mmap p0 0+1 rw
fork p0 p1
fork p0 p2
write p1 0 a
fork p1 p3
exit p1
rmap_walk p3 0 -> p3  # the record of p1 has none, p0 and p2 have other pages
fork p3 p1
exit p3
rmap_walk p1 0 -> p1
