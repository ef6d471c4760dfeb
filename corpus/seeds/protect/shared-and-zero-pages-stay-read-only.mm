# rules: H4
# A shared page and the zero page do not become writable by mprotect.
mmap p0 0+2 rw
write p0 0 a
read p0 1 -> 0
fork p0 p1
mprotect p0 0+2 none
mprotect p0 0+2 rw
fail_alloc 1
write p0 0 b -> OOM
fail_alloc 1
write p0 1 b -> OOM
write p0 0 b
read p1 0 -> a
