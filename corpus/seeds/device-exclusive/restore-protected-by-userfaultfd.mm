# rules: O8 H6
# restore_exclusive_pte of an entry that userfaultfd has write-protected meanwhile.
mmap p0 0+8 rw
uffd_register p0 0+8 wp
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
uffd_wp p0 0+8 on
read p0 0 -> a
write p0 0 b -> SIGBUS
uffd_wp p0 0+8 off
write p0 0 b -> ok
