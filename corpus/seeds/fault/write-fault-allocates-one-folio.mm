# rules: A3 A4
# Where tables and anon_vma exist a fresh write needs one allocation, the folio; failing it, memory stays untouched.
mmap p0 0+8 rw
write p0 0 a
fail_alloc 1
write p0 1 b -> OOM
read p0 1 -> 0
write p0 1 b -> ok
read p0 1 -> b
