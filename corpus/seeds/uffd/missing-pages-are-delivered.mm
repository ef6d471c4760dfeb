# rules: A2 A16
# A fault on an empty place is userfaultfd's: SIGBUS, EFAULT to the kernel, and nothing is mapped.
config ptes=4
mmap p0 0+8 rw
uffd_register p0 0+8 missing -> ok
read p0 1 -> SIGBUS
write p0 1 a -> SIGBUS
get p0 1 r h0 -> EFAULT
thp always=2
write p0 5 a -> SIGBUS
read p0 5 -> SIGBUS
uffd_unregister p0 0+8 -> ok
write p0 1 a -> ok
read p0 1 -> a
