# rules: L10
# A mapping between two VMAs that have different anon_vmas joins the left one only.
mmap p0 0+1 rw
mmap p0 2+1 rw
write p0 0 a
write p0 2 b
fail_alloc 1
mmap p0 1+1 rw -> ok
fail_alloc 1
mprotect p0 0+2 r -> ok  # one VMA
fail_alloc 1
mprotect p0 2+1 r -> ok  # the other
write p0 1 c -> SIGSEGV
read p0 2 -> b
