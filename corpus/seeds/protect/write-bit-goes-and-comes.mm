# rules: H2 H3 H4
# Read-only takes the write bit; read-write gives it back at once to an exclusive page.
mmap p0 0+1 rw
write p0 0 a
mprotect p0 0+1 r
write p0 0 b -> SIGSEGV
read p0 0 -> a
mprotect p0 0+1 rw
lock p0 0 l0
fail_alloc 1
write p0 0 b -> ok
