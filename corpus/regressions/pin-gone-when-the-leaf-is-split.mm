# certificate: mmdiff 1
#   signature: race entry.kind write
#   deletions: 7 tried, none keeps the failure
#   lowerings: 14 tried, none keeps the failure
#   program: 3f5d9cd5cbd19cf9
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
exit p1
race pin p0 0 r h0 at 0,0,1,0
write p0 0 a
