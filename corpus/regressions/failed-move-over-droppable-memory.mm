# certificate: mmdiff 1
#   signature: ideal INV25 swap_out
#   deletions: 5 tried, none keeps the failure
#   lowerings: 39 tried, none keeps the failure
#   program: 9b256c36e5bbfa33
config ptes=4
mmap p0 3+1 rw droppable
mmap p0 7+1 rw
mremap p0 4+4 0+4 maymove fixed
write p0 3 a
swap_out p0 3
