# rules: JR3 JR12 L1 L10
# Memory moves into the gap that it came from long ago, and all three are one VMA again.
config ptes=4
mmap p0 0+12 rw
write p0 1 a
write p0 5 b
write p0 9 c
mremap p0 4+4 40+4 maymove fixed must_relocate -> @40
mprotect p0 40+4 r
mprotect p0 40+4 rw
fail_alloc 1
mprotect p0 40+4 r -> ok
mprotect p0 40+4 rw
mremap p0 40+4 4+4 maymove fixed must_relocate -> @4
fail_alloc 1
mprotect p0 0+12 r -> ok
fail_alloc 1
mprotect p0 4+4 rw -> ENOMEM
read p0 1 -> a
read p0 5 -> b
read p0 9 -> c
swap_out p0 5 -> ok
read p0 5 -> b
