# rules: S8 S9 B6
# A small folio mapped twice is shared; mapped once it is not, whoever the first owner was.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fail_alloc 1
write p1 0 b -> OOM
munmap p0 0+1
fail_alloc 1
write p1 0 b -> ok
