# rules: C18
# A fork that fails in its second VMA leaves no child; the parent's page lost its exclusivity and is reused on the next write.
mmap p0 0+1 rw
mmap p0 2+1 rw
write p0 0 a
write p0 2 b
fail_alloc 8
fork p0 p1 -> ENOMEM  # mm; VMA, anon_vma with two links, two tables; VMA
read p1 0 -> ESRCH
lock p0 0 l0
fail_alloc 1
write p0 0 c -> OOM   # write-protected, not exclusive
drop l0
fail_alloc 1
write p0 0 c -> ok    # and nobody else has it
