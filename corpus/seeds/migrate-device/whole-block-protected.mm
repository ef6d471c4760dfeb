# rules: H8 N12
# dev_thp: mprotect and userfaultfd on a block that is with the device; its write protection is kept.
config dev_thp=on
mmap p0 0+8 rw
uffd_register p0 0+8 wp
thp always=3
write p0 0 a
dev_setup d0 p0 0+8 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
uffd_wp p0 0+8 on
mprotect p0 0+8 r
mprotect p0 0+8 rw
dev_write d0 p0 0 b -> EFAULT
write p0 0 b -> SIGBUS
read p0 0 -> a
