# rules: A7 A14
# Without memory for the PMD-sized folio the same fault goes on at PTE level.
mmap p0 0+16 rw
thp always=3
write p0 0 a
fail_alloc 1
write p0 11 b -> ok
lock p0 11 l0 -> ok
lock p0 12 l1 -> EFAULT
read p0 11 -> b
