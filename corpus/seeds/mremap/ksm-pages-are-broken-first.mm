# rules: J4
# Page by page, ascending; a failure leaves the pages before it unmerged, and nothing moved.
config ptes=4
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
write p0 2 0
ksm p0 0 p0 1 -> ok
ksm p0 0 p0 2 -> ok
fail_alloc 2
mremap p0 0+4 20+4 maymove fixed -> ENOMEM
rmap_walk p0 0 -> p0
read p0 1 -> 0
mremap p0 0+4 20+4 maymove fixed -> @20
read p0 22 -> 0
ksm p0 20 p0 21 -> ok                       # still MERGEABLE
