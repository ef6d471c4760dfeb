# A store to a protnone page faults twice (A12, B9): between the two GUP-fast can have the page.
config ptes=4
mmap p0 0+1 rw
write p0 0 a
numa_hint p0 0+1
fork p0 p1
race get p0 0 r h0 at 1,0,0,0
write p0 0 a
