# rules: C3 A1
# Without an anon_vma there is nothing to copy: the child starts without tables, so its first read makes them.
mmap p0 0+4 rw
read p0 0 -> 0
fail_alloc 3
fork p0 p1 -> ok
fail_alloc 1
read p1 0 -> OOM
read p1 0 -> 0
