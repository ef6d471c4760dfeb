# certificate: mmdiff 1
#   signature: race answer uffd_move
#   deletions: 5 tried, none keeps the failure
#   lowerings: 23 tried, none keeps the failure
#   program: a57c45711c95dca1
config ptes=4
mmap p0 0+3 rw
write p0 0 a
uffd_register p0 0+3 missing
race pin p0 0 r h0 at 0,3,5,0
uffd_move p0 0+2 1
