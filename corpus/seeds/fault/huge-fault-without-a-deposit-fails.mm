# rules: A7 INV28
# A PMD leaf needs its deposited table at once: without memory for it the fault is OOM, for writes and reads.
mmap p0 0+24 rw
thp always=3
write p0 0 a
fail_alloc 2
write p0 8 b -> OOM  # the folio came first and is freed again
fail_alloc 1
read p0 16 -> OOM    # the huge zero folio needs a table, too
write p0 8 b -> ok
lock p0 15 l0 -> ok
