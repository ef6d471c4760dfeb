# rules: J7 J14
# With EVENT_REMAP it is watched, and protected, as before.
config ptes=4 uffd=unpopulated uffd_remap=on
mmap p0 0+4 rw
write p0 0 a
uffd_register p0 0+4 wp
uffd_wp p0 0+4 on
mremap p0 0+4 21+4 maymove fixed -> @21
write p0 21 c -> SIGBUS
write p0 23 d -> SIGBUS
uffd_wp p0 21+4 off -> ok
write p0 21 c -> ok
