# rules: J3
# The grown part of a LOCKED VMA is faulted in; what fails there does not matter.
config ptes=4
mmap p0 0+2 rw
mlock p0 0+2
mremap p0 0+2 0+4 -> @0
lock p0 3 l0 -> ok
mremap p0 2+2 20+4 maymove fixed -> @20
lock p0 23 l1 -> ok
fail_alloc 4
mremap p0 22+2 22+4 -> @22
