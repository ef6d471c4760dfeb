# rules: L1
# A VMA without an anon_vma takes that of an adjacent VMA that differs in rights only: link and page are all it allocates.
mmap p0 0+1 r
poke p0 0 a
mmap p0 1+1 none
fail_alloc 3
poke p0 1 b -> ok
peek p0 1 -> b
