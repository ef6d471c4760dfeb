# rules: JR12 J14
# Without EVENT_REMAP what was watched is not any more, and can be one with a neighbour that never was.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
uffd_register p0 0+4 missing
mmap p0 20+4 rw
write p0 21 b
mremap p0 0+4 24+4 maymove fixed must_relocate -> @24
fail_alloc 1
mprotect p0 20+8 r -> ok
fail_alloc 1
mprotect p0 22+4 rw -> ENOMEM
read p0 25 -> a
read p0 26 -> 0
