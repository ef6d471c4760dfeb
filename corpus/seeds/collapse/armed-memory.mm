# rules: G15 G18
# Where userfaultfd waits for missing pages no hole may be filled; write-protected pages are left alone.
mmap p0 0+16 rw
write p0 0 a
write p0 8 b
uffd_register p0 0+8 missing
madvise p0 0+8 collapse -> EBUSY
uffd_unregister p0 0+8
madvise p0 0+8 collapse -> ok
uffd_register p0 8+8 wp
uffd_wp p0 8+8 on
madvise p0 8+8 collapse -> EINVAL
read p0 8 -> b
