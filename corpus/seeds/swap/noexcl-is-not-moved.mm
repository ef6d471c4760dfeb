# rules: E26 E27 K5 K8
# UFFDIO_MOVE moves what is exclusive: no SWAP entry is, nor a page that a read brought back.
config swap_noexcl=on
mmap p0 0+4 rw
mmap p0 20+4 rw
uffd_register p0 20+4 missing
write p0 1 a
swap_out p0 1 -> ok
uffd_move p0 1+1 21 -> EBUSY
read p0 1 -> a
uffd_move p0 1+1 21 -> EBUSY
write p0 1 b -> ok
uffd_move p0 1+1 21 -> 1
read p0 21 -> b
