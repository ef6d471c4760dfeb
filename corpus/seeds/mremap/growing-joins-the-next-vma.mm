# rules: J3 L10
# A VMA that grows up to one that continues it becomes one with it.
config ptes=4
mmap p0 0+2 rw
mmap p0 4+2 rw
write p0 4 a
fail_alloc 1
mremap p0 0+2 0+4 -> ENOMEM  # the link to the other's anon_vma
mremap p0 0+2 0+4 -> @0
fail_alloc 1
mprotect p0 0+6 r -> ok      # one VMA: nothing is split
read p0 4 -> a
