# certificate: mmdiff 1
#   signature: race answer hwpoison
#   deletions: 5 tried, none keeps the failure
#   lowerings: 14 tried, none keeps the failure
#   program: 112ebb3339f9971c
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
race pin p0 0 r h0 at 0,1,2,0
hwpoison p0 0
