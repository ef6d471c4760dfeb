# rules: J5 L10
# Memory without anon_vma takes the index of its new place, and so joins what is there.
config ptes=4
mmap p0 0+2 rw
mmap p0 8+2 rw
mremap p0 0+2 10+2 maymove fixed -> @10
fail_alloc 1
mprotect p0 8+4 r -> ok
mmap p0 20+4 rw
mremap p0 20+2 24+2 maymove fixed -> @24  # its own VMA grows, and is cut
fail_alloc 1
mprotect p0 22+4 r -> ok
