# rules: C18
# The child's leaf needs a deposited table: without memory for it fork fails.
mmap p0 0+8 rw
thp always=3
write p0 5 a
fail_alloc 7
fork p0 p1 -> ENOMEM  # mm, VMA, anon_vma with two links, PMD table, deposit
read p1 5 -> ESRCH
fail_alloc 1
write p0 5 b -> ok
