# rules: A4 A16
# A fresh write that fails at its last allocation keeps the tables and the anon_vma made before it.
mmap p0 0+8 rw
fail_alloc 5
write p0 0 a -> OOM  # PMD table, PTE table, anon_vma and its link were made
fail_alloc 2
write p0 0 a -> ok   # only the folio is left to allocate
read p0 0 -> a
