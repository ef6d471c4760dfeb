# A uwp left from a watch that ended stands beside WRITE in a MIGRATION entry; mprotect loses it (H5).
config ptes=4
mmap p0 0+1 rw
write p0 0 a
uffd_register p0 0+1 wp
uffd_wp p0 0+1 on
uffd_register p0 0+1 missing
mprotect p0 0+1 w
migrate p0 0 l0
mprotect p0 0+1 rw
