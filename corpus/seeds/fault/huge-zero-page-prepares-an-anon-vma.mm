# rules: A8
# A PMD fault prepares the anon_vma before it looks at the kind of access, so fork has anon_vmas to copy.
mmap p0 0+8 rw
thp always=3
read p0 0 -> 0
fail_alloc 3
fork p0 p1 -> ENOMEM
fork p0 p1 -> ok
