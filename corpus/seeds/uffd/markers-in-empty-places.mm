# rules: H7 A5 A2 I2 Z3
# WP_UNPOPULATED: protecting an empty place leaves a marker, and the page made there is protected.
config ptes=4 uffd=unpopulated
mmap p0 0+8 rw
uffd_register p0 0+8 both -> ok
fail_alloc 1
uffd_wp p0 0+8 on -> ENOMEM      # a table for the markers
uffd_wp p0 0+8 on -> ok
read p0 1 -> SIGBUS              # missing comes first
uffd_zero p0 1 -> EEXIST
uffd_copy p0 1 a wp -> ok
write p0 1 b -> SIGBUS
uffd_wp p0 2+1 off -> ok
uffd_zero p0 2 -> ok
madvise p0 3+1 dontneed
uffd_zero p0 3 -> ok
uffd_unregister p0 0+8 -> ok
uffd_register p0 0+8 wp -> ok
uffd_wp p0 0+8 on -> ok
write p0 4 c -> SIGBUS           # made, and protected
read p0 4 -> 0
read p0 5 -> 0
write p0 5 c -> SIGBUS
uffd_unregister p0 0+8 -> ok
write p0 5 c -> ok
write p0 6 d -> ok
