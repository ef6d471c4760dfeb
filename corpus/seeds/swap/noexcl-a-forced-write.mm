# rules: E27 D20
# A write into memory that is read-only now leaves the page exclusive and dirty, but not writable.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
mprotect p0 0+4 r
swap_out p0 1 -> ok
fail_alloc 2
poke p0 1 b -> ok
write p0 1 c -> SIGSEGV
read p0 1 -> b
