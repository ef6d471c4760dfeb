# rules: L10
# A new mapping that continues its neighbour with equal flags joins it: no VMA is allocated.
mmap p0 0+2 rw
fail_alloc 1
mmap p0 2+2 rw -> ok
fail_alloc 1
mmap p0 4+2 r -> ENOMEM   # other flags: a VMA of its own
mmap p0 8+2 rw
fail_alloc 1
mmap p0 4+4 rw -> ok      # joins both sides
fail_alloc 1
mprotect p0 0+10 r -> ok
