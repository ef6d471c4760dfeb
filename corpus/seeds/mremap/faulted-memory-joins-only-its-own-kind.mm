# rules: J5 L10
# An index that does not continue the neighbour's keeps VMAs apart; back at its old place it joins again.
config ptes=4
mmap p0 0+8 rw
write p0 1 a
write p0 5 b
mremap p0 4+4 20+4 maymove fixed -> @20
mremap p0 0+4 24+4 maymove fixed -> @24
fail_alloc 1
mprotect p0 20+8 r -> ok                 # two VMAs, each whole
mprotect p0 20+8 rw
mremap p0 20+4 4+4 maymove fixed -> @4
mremap p0 24+4 0+4 maymove fixed -> @0
fail_alloc 1
mprotect p0 2+4 r -> ENOMEM              # one VMA again: a split is needed
read p0 1 -> a
read p0 5 -> b
