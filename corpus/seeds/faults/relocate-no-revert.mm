# rules: JR14
config ptes=4
mmap p0 0+1 rw
write p0 0 a
fail_alloc 4
mremap p0 0+1 16+1 maymove fixed relocate
