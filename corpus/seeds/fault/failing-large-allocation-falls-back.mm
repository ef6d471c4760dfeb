# rules: A6 A4
# An order that cannot be allocated gives way to the next lower candidate, at last to a single page.
config ptes=16
mmap p0 0+32 rw
write p0 0 a             # tables and anon_vma are there from now on
thp always=2,3
fail_alloc 1
write p0 8 b -> ok       # order 3 fails, order 2 serves
lock p0 11 l0 -> ok
lock p0 12 l1 -> EFAULT
thp always=2
fail_alloc 1
write p0 4 c -> ok       # order 2 fails, one page serves
lock p0 4 l1 -> ok
lock p0 5 l2 -> EFAULT
