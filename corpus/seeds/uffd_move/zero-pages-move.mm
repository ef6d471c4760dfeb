# rules: K4
# A zero page is one at the destination, too.
config ptes=4
mmap p0 0+4 rw
mmap p0 20+4 rw
uffd_register p0 20+4 missing
read p0 1 -> 0
uffd_move p0 1+1 21 -> 1
read p0 21 -> 0
write p0 21 a -> ok
uffd_move p0 1+1 20 -> ENOENT
