# A block of a device's memory is in the way of UFFDIO_MOVE, and nothing is waited for (K3).
config ptes=4 dev_thp=on
thp always=2
mmap p0 0+8 rw
write p0 4 a
dev_setup d0 p0 4+4 l0 system
dev_pages l0 device
uffd_register p0 4+4 wp
dev_finalize l0
write p0 0 a
uffd_move p0 0+1 4
