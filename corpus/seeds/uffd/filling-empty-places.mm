# rules: Z3
# UFFDIO_COPY and UFFDIO_ZEROPAGE fill what is empty and watched.
mmap p0 0+8 rw
uffd_copy p0 1 a -> ENOENT          # not watched
uffd_register p0 0+4 missing -> ok
uffd_copy p0 1 a -> ok
read p0 1 -> a
uffd_copy p0 1 b -> EEXIST
uffd_zero p0 1 -> EEXIST
uffd_zero p0 2 -> ok
read p0 2 -> 0
uffd_copy p0 2 b -> EEXIST
write p0 2 b -> ok
uffd_copy p0 3 c wp -> EINVAL       # not watched for writes
fail_alloc 1
uffd_copy p0 3 c -> ENOMEM
uffd_copy p0 9 c -> ENOENT
