# rules: A1 A16 Z8
# Even a read that would end at the zero page needs page tables: without memory for them it is OOM.
mmap p0 0+8 rw
fail_alloc 2
read p0 0 -> OOM
read p0 0 -> 0
