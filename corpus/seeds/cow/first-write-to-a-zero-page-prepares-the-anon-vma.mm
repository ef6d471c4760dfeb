# rules: B10 L1
# A VMA that held only zero pages gets its anon_vma in the copy: anon_vma, link and page are allocated.
mmap p0 0+1 rw
read p0 0 -> 0
fail_alloc 3
write p0 0 a -> OOM
fail_alloc 2
write p0 0 a -> ok   # only the page was missing
