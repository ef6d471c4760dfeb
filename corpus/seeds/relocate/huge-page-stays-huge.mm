# rules: JR13 JR16
# A leaf moves with its folio.
config ptes=4
thp always=2
mmap p0 0+4 rw
mmap p0 20+4 rw
write p0 1 a
write p0 21 b
mremap p0 0+4 16+4 maymove fixed must_relocate -> @16
rmap_walk p0 17 -> p0
fail_alloc 1
mprotect p0 16+8 r -> ok
mprotect p0 16+8 rw
swap_out p0 17 -> ok
read p0 17 -> a
read p0 21 -> b
