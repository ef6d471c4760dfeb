# rules: JR15
config ptes=4 relocate=combined
mmap p0 0+8 rw
write p0 0 a
write p0 4 b
fail_alloc 6
mremap p0 0+8 17+8 maymove fixed relocate
