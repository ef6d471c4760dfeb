# The NUMA scanner works mapping by mapping (H11): a pin that comes between two of them keeps the second.
config ptes=4
mmap p0 0+4 rw
write p0 0 a
madvise p0 0+4 collapse
mlock p0 0+1
race pin p0 0 r h0 at 0,1,2,0
numa_hint p0 0+2
