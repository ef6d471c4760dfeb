# rules: M17
# Process after process; a LOCKED mapping ends it, and what was unmapped before stays so.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fork p0 p2
mlock p1 0+1
swap_out p0 0 -> ok
write p0 0 b
fork p0 p3
mprotect p3 0+1 r       # what is writable mlock would copy
mlock p3 0+1
swap_out p0 0 -> EBUSY
read p0 0 -> b
munlock p3 0+1
swap_out p0 0 -> ok
read p3 0 -> b
