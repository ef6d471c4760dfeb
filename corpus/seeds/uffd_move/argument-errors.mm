# rules: K1
# Lengths and ranges first; then the destination's VMA, which gets an anon_vma; then the source's.
config ptes=4
mmap p0 0+4 rw
mmap p0 20+4 rw
uffd_register p0 20+4 missing
uffd_move p0 0+0 20 -> EINVAL
uffd_move p0 0+4 62 -> EINVAL
uffd_move p0 62+4 20 -> EINVAL
uffd_move p0 0+4 30 -> ENOENT
fail_alloc 2
uffd_move p0 10+4 20 -> ENOMEM  # the anon_vma of the destination
uffd_move p0 10+4 20 -> ENOENT
