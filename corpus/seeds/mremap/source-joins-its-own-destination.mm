# rules: J5 J12 J14
# Untouched memory that is moved next to itself: source and destination are one VMA.
config ptes=4
mmap p0 0+2 rw
uffd_register p0 0+2 missing
mremap p0 0+2 2+2 maymove fixed dontunmap -> @2
read p0 0 -> 0                                   # neither is watched now
read p0 2 -> 0
fail_alloc 1
mprotect p0 0+4 r -> ok
