# rules: JR3 JR4 JR12 L1
# The source lends its own anon_vma to the place beside it, the two become one VMA, and the source's
# part is unmapped.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
mremap p0 0+4 4+4 maymove fixed must_relocate -> @4
read p0 5 -> a
read p0 6 -> b
read p0 1 -> SIGSEGV
rmap_walk p0 5 -> p0
swap_out p0 6 -> ok
read p0 6 -> b
