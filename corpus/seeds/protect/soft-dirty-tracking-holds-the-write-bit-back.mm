# rules: H3 S21
# While soft-dirty is tracked an entry without the bit is not upgraded; the write fault sets it.
config soft_dirty=on
mmap p0 0+1 rw
write p0 0 a
clear_refs p0
mprotect p0 0+1 r
mprotect p0 0+1 rw
fail_alloc 1
write p0 0 b -> ok
read p0 0 -> b
