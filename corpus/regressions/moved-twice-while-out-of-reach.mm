# certificate: mmdiff 1
#   signature: ideal INV25 swap_out
#   deletions: 11 tried, none keeps the failure
#   lowerings: 31 tried, none keeps the failure
#   program: 5a3275d7bb83311c
config ptes=4
mmap p0 0+1 rw
mremap p0 0+1 1+1 maymove fixed
write p0 1 a
mremap p0 0+1 1+1 maymove fixed
swap_out p0 1
bad_slot p0 1
fork p0 p1
write p0 1 a
mremap p0 1+1 2+1 maymove fixed
mremap p0 2+1 0+1 maymove fixed
swap_out p1 1
