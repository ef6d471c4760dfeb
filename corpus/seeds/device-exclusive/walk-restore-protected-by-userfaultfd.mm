# rules: O8 O15
# restore_exclusive_pte, uffd-wp in the entry (walk).
config dev_exclusive=walk
mmap p0 0+8 rw
uffd_register p0 0+8 wp
write p0 0 a
write p0 1 b
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_exclusive d0 p0 1 l0 -> ok
drop l0
uffd_wp p0 0+8 on
uffd_wp p0 1+1 off
read p0 0 -> a
write p0 0 c -> SIGBUS
read p0 1 -> b
write p0 1 d -> ok
