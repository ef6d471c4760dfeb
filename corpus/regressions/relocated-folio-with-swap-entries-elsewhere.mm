# certificate: mmdiff 1
#   signature: invariant INV31 mremap
#   deletions: 8 tried, none keeps the failure
#   lowerings: 71 tried, none keeps the failure
#   program: a27e71700469967f
config ptes=4
thp always=2
mmap p0 0+4 rw
mremap p0 0+4 4+4 maymove fixed
write p0 4 a
mremap p0 4+1 0+4 maymove
swap_out p0 0 l0
write p0 0 a
mremap p0 0+4 6+4 maymove fixed relocate
