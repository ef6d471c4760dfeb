# rules: C3 L1
# A VMA without an anon_vma gives its child's none; each makes its own when it first writes.
mmap p0 0+1 rw
fork p0 p1
write p0 0 a
read p1 0 -> 0
fail_alloc 3
write p1 0 b -> OOM  # anon_vma and link of its own, then the page
write p1 0 b -> ok
read p0 0 -> a
