# rules: M3 M12
# mapcount 1: the page notes its new address and nothing is copied. Afterwards neighbours merge as ever.
config rmap=anonmm
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
fail_alloc 4
mremap p0 0+2 8+2 maymove fixed -> @8  # a VMA and a table of each level: no page
read p0 8 -> a
rmap_walk p0 9 -> p0
mmap p0 10+2 rw                        # joins what was moved
fail_alloc 1
mprotect p0 8+4 r -> ok
