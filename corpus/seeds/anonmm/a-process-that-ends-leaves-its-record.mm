# rules: M1 M14
# A record outlives its process while a page notes it; it goes with the last such page. The head goes last.
config rmap=anonmm
mmap p0 0+2 rw
write p0 0 a
fork p0 p1
write p1 1 b
fork p1 p2
exit p1
read p2 1 -> b      # noted by the record of p1, which has none
write p2 1 c        # the page goes, and the record with it
exit p0             # the head: its list is not empty
read p2 0 -> a
munmap p2 0+2
fork p2 p1 -> ok
exit p2
exit p1
