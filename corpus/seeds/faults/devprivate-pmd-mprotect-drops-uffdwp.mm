# rules: N17
config ptes=4 dev_thp=on
thp always=2
mmap p0 0+4 rw
write p0 0 a
uffd_register p0 0+4 wp
dev_setup d0 p0 0+4 l0 system
dev_pages l0 device
dev_finalize l0
uffd_wp p0 0+4 on
mprotect p0 0+4 r
