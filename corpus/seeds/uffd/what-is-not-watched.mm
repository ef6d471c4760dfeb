# rules: H7
# Errors of the calls; UFFDIO_WRITEPROTECT stops where the range is not watched.
mmap p0 0+8 rw
mmap p0 12+4 rw droppable
uffd_register p0 0+0 wp -> EINVAL
uffd_register p0 8+4 wp -> EINVAL
uffd_register p0 4+12 wp -> EINVAL   # MAP_DROPPABLE
uffd_register p0 0+4 wp -> ok
write p0 1 a
write p0 5 b
uffd_wp p0 0+8 on -> ENOENT
write p0 1 c -> SIGBUS               # done before
write p0 5 c -> ok
uffd_wp p0 0+0 off -> EINVAL
uffd_wp p0 8+4 on -> ENOENT
uffd_unregister p0 8+2 -> EINVAL
fail_alloc 1
uffd_register p0 2+1 both -> ENOMEM
