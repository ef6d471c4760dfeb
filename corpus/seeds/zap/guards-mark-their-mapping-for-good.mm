# rules: I12 L10 L11 C3
# A guard that could not be installed for want of memory marks the VMA, too; splits give the mark to both halves, and it
# keeps nobody from merging.
config ptes=4
mmap p0 0+4 rw
fail_alloc 1
madvise p0 0+1 guard_install -> ENOMEM
mprotect p0 2+2 r
mprotect p0 2+2 rw
read p0 3 -> 0
mmap p0 4+2 rw
read p0 5 -> 0
fail_alloc 3
fork p0 p1 -> ENOMEM
fork p0 p1 -> ok
