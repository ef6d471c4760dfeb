# rules: H3 BT14 BT15
# In a run with exclusive and shared pages only the exclusive ones become writable.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 1+1 dontfork
fork p0 p1
madvise p0 1+1 dofork
mprotect p0 0+4 r
mprotect p0 0+4 rw
lock p0 0 l0
fail_alloc 1
write p0 1 b -> ok
fail_alloc 1
write p0 0 c -> OOM
fail_alloc 1
write p0 2 c -> OOM
