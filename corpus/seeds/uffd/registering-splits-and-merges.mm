# rules: H7 L10 L11
# Watched and unwatched memory cannot be one VMA; unregistering merges again, or does without.
config procs=1
mmap p0 0+16 rw
uffd_register p0 4+4 missing -> ok
fail_alloc 1
uffd_register p0 9+2 missing -> ENOMEM
uffd_register p0 8+8 missing -> ok
fail_alloc 1
uffd_unregister p0 4+12 -> ok
write p0 3 a
uffd_register p0 4+4 missing -> ok
uffd_copy p0 4 b -> ok
uffd_unregister p0 0+16 -> ok
read p0 4 -> b
