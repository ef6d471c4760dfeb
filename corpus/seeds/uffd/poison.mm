# rules: Q7 A5 C15 Z3 H6
# UFFDIO_POISON: every access fails, in the child, too, until something else is put there.
mmap p0 0+4 rw
uffd_register p0 0+4 missing -> ok
uffd_poison p0 1 -> ok
uffd_poison p0 1 -> EEXIST
read p0 1 -> SIGBUS
get p0 1 r h0 -> EFAULT
madvise p0 1+1 populate_read -> EHWPOISON
write p0 2 a -> SIGBUS
fork p0 p1
read p1 1 -> SIGBUS
mprotect p0 0+4 r
read p0 1 -> SIGBUS
uffd_copy p0 1 b -> ok
read p0 1 -> b
madvise p1 1+1 dontneed
read p1 1 -> 0
uffd_copy p0 3 c -> ok
uffd_register p0 0+4 wp -> ok
swap_out p0 3 -> ok
uffd_wp p0 0+4 on -> ok
