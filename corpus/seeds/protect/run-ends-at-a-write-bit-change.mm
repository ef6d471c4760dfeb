# rules: H3 H8 BT14
# Writable and read-only entries of one folio are never one run.
mmap p0 0+8 rw
thp always=3
write p0 0 a
mprotect p0 0+8 r
mprotect p0 2+3 rw
write p0 3 b -> ok
mprotect p0 0+8 rw
fail_alloc 1
write p0 7 c -> ok
mprotect p0 0+8 r
read p0 3 -> b
write p0 3 d -> SIGSEGV
