# rules: L1
# The lender must be adjacent and equal in all but the rights.
mmap p0 0+1 r
poke p0 0 a
mmap p0 2+1 r
fail_alloc 3
poke p0 2 b -> ENOMEM
mmap p0 1+1 none
madvise p0 1+1 dontfork
fail_alloc 3
poke p0 1 c -> ENOMEM
