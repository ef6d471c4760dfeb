# rules: JR1
# Memory that was never faulted, and memory that can be one with its neighbour as it is, need nothing:
# not even a pin is in the way then.
config ptes=4
mmap p0 0+8 rw
mremap p0 4+4 20+4 maymove fixed must_relocate -> @20
write p0 1 a
pin p0 1 rw h0
mremap p0 0+2 30+2 maymove fixed -> @30
mremap p0 30+2 0+2 maymove fixed must_relocate -> @0
fail_alloc 1
mprotect p0 0+4 r -> ok
read p0 1 -> a
put h0
