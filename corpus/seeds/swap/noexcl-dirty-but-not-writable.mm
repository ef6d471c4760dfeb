# rules: E27 E18
# The entries of a write that finds the page exclusive are dirty, all of them, whether or not they may
# become writable: not in read-only memory, nor under write protection.
config swap_device=sync swap_noexcl=on
mmap p0 0+4 rw
thp always=2
write p0 0 a
mprotect p0 0+4 r
swap_out p0 0 -> ok
poke p0 0 b -> ok
read p0 0 -> b
mmap p0 8+1 rw
write p0 8 a
swap_out p0 8 -> ok
uffd_register p0 8+1 wp
uffd_wp p0 8+1 on
write p0 8 b -> SIGBUS
uffd_wp p0 8+1 off
write p0 8 b -> ok
