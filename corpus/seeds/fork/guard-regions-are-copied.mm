# rules: C15 I12
# A guard region exists in the child, too; it alone makes the VMA have an anon_vma.
mmap p0 0+4 rw
madvise p0 1+2 guard_install
fork p0 p1
read p1 1 -> SIGSEGV
read p1 0 -> 0
madvise p1 1+2 guard_remove
read p1 1 -> 0
read p0 1 -> SIGSEGV
