# rules: L6 S7 B6 C6
# Shared pages belong to the ancestor's anon_vma, copies to the writer's; reuse moves a page to its last owner's.
mmap p0 0+3 rw
write p0 0 a
write p0 1 b
pin p0 2 rw h0
fork p0 p1
write p1 0 c
exit p0
fail_alloc 1
write p1 1 d -> ok
read p1 0 -> c
read p1 2 -> 0
