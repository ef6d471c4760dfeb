# rules: B6
# An isolation holds a reference, so the folio counts as used by someone else until it is put back.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
isolate p0 0 l0
fail_alloc 1
write p0 0 b -> OOM
drop l0
fail_alloc 1
write p0 0 b -> ok
