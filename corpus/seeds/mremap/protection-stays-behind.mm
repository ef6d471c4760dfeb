# rules: J7 J14
# Without EVENT_REMAP moved memory is not watched, its entries lose uwp, and markers go.
config ptes=4 uffd=unpopulated
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
uffd_register p0 0+4 wp
uffd_wp p0 0+4 on
write p0 0 x -> SIGBUS
mremap p0 0+4 20+4 maymove fixed -> @20
write p0 20 c -> ok
write p0 22 d -> ok
uffd_wp p0 20+4 on -> ENOENT
