# rules: H6 N17
# Write protection by userfaultfd stands in the entry of a device's page, and takes the right to write from the device.
mmap p0 0+8 rw
uffd_register p0 0+8 wp
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
uffd_wp p0 0+8 on
dev_write d0 p0 0 c -> EFAULT
write p0 0 c -> SIGBUS
read p0 0 -> b
uffd_wp p0 0+8 off
write p0 0 c -> ok
