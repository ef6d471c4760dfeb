# rules: B1 B13 H7 A5
# WP_ASYNC: a write resolves the protection of its page by itself.
config ptes=4 uffd=async
mmap p0 0+12 rw
thp always=2
write p0 0 a
thp never
write p0 4 b
uffd_register p0 0+12 wp -> ok
uffd_wp p0 0+12 on -> ok
write p0 1 c -> ok
write p0 4 d -> ok
read p0 8 -> 0                  # a marker was there
write p0 8 e -> ok
write p0 9 f -> ok
read p0 0 -> a
read p0 4 -> d
