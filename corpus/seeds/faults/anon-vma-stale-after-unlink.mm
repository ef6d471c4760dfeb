# rules: L2
# A chain that cannot be cloned in a merge leaves no trace: the VMA has no anon_vma, and makes its own when it needs one.
mmap p0 0+1 rw
mmap p0 1+1 r
poke p0 1 a
fail_alloc 1
mprotect p0 1+1 rw -> ENOMEM
write p0 0 b
munmap p0 1+1
fork p0 p1
write p1 0 c
read p0 0 -> b
