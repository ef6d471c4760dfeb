# certificate: mmdiff 1
#   signature: race answer swap_out
#   deletions: 7 tried, none keeps the failure
#   lowerings: 39 tried, none keeps the failure
#   program: de624d0385c5d6f8
mmap p0 0+8 rw
write p0 0 a
madvise p0 0+8 collapse
split p0 0 order=2
race get p0 4 r h0 at 0,0,0,1
race get p0 0 r h0 at 0,0,0,1
swap_out p0 0
