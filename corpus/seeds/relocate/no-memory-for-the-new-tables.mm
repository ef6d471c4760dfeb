# rules: JR9 JR12 JR14 J11
# The pages were rewritten when a page table could not be had: entries go back, then indexes, and the
# call fails whatever its flag.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
write p0 3 b
fail_alloc 4
mremap p0 0+4 21+4 maymove fixed relocate -> ENOMEM
fail_alloc 6
mremap p0 0+4 21+4 maymove fixed must_relocate -> ENOMEM
rmap_walk p0 1 -> p0
rmap_walk p0 3 -> p0
swap_out p0 1 -> ok
read p0 1 -> a
read p0 3 -> b
mremap p0 0+4 21+4 maymove fixed must_relocate -> @21
read p0 22 -> a
read p0 24 -> b
