# certificate: mmdiff 1
#   signature: race folio.refcount fork
#   deletions: 5 tried, none keeps the failure
#   lowerings: 7 tried, none keeps the failure
#   program: c5dcdddd0d1c15d2
config ptes=4
mmap p0 0+1 rw
dev_exclusive d0 p0 0 l0
drop l0
race get p0 0 rw h0 at 3,0,0,0
fork p0 p1
