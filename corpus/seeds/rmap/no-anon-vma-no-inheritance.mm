# rules: L3
# A VMA without an anon_vma gives its child's none; each makes its own when it first writes.
mmap p0 0+1 rw
fork p0 p1
write p0 0 a
read p1 0 -> 0
fail_alloc 5
write p1 0 b -> ok      # a PTE and maybe a PMD table stand already
read p0 0 -> a
