# rules: L10 H1
# When the rights are equal again the parts are one VMA again.
mmap p0 0+6 rw
write p0 0 a
mprotect p0 2+2 r
mprotect p0 2+2 rw
fail_alloc 1
mprotect p0 0+6 r -> ok
