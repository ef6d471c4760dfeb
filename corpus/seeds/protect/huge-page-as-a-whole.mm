# rules: H8 H3
# A whole block is changed in place; the write bit comes back if the head is exclusive.
mmap p0 0+8 rw
thp always=3
write p0 0 a
mprotect p0 0+8 r
write p0 3 b -> SIGSEGV
mprotect p0 0+8 rw
lock p0 0 l0
fail_alloc 1
write p0 3 b -> ok
drop l0
fork p0 p1
mprotect p0 0+8 r
mprotect p0 0+8 rw
lock p0 0 l0
write p0 3 c -> BLOCKED  # shared: read-only, and a huge page still
