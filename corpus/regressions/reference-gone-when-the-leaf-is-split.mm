# certificate: mmdiff 1
#   signature: race entry.kind write
#   deletions: 7 tried, none keeps the failure
#   lowerings: 13 tried, none keeps the failure
#   program: 1c9f4d5470df519c
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
exit p1
race get p0 0 r h0 at 0,0,1,0
write p0 0 a
