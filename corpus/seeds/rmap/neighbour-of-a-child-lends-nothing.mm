# rules: L1 L3
# A neighbour that inherited anon_vmas in a fork has more than one link and does not lend: a new anon_vma is made.
mmap p0 0+1 r
poke p0 0 a
fork p0 p1
mmap p1 1+1 none
fail_alloc 3
poke p1 1 b -> ENOMEM
poke p1 1 b -> ok
peek p1 1 -> b
