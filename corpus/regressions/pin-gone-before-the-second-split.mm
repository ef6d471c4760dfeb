# certificate: mmdiff 1
#   signature: race entry.kind madvise.pageout
#   deletions: 6 tried, none keeps the failure
#   lowerings: 22 tried, none keeps the failure
#   program: ce6361c986752515
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
madvise p0 0+1 mergeable
race pin p0 0 r h0 at 0,2,5,0
madvise p0 0+2 pageout
