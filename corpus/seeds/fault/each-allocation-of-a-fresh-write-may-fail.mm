# rules: A4 A16
# Tables, anon_vma with its link, and folio are allocated in this order; failing any of them is OOM, and no page appears.
mmap p0 0+8 rw
fail_alloc 1
write p0 0 a -> OOM  # PMD table
fail_alloc 2
write p0 0 a -> OOM  # PTE table
fail_alloc 2
write p0 0 a -> OOM  # the PTE table is made now, of anon_vma and link the first fails
fail_alloc 2
write p0 0 a -> OOM  # the second
fail_alloc 3
write p0 0 a -> OOM  # folio
read p0 0 -> 0
write p0 0 a -> ok
