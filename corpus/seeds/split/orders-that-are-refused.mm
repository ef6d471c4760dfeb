# rules: G7
# The order must be lower than that of the folio, and order 1 does not exist.
mmap p0 0+8 rw
thp always=3
write p0 0 a
split p0 0 order=3 -> EINVAL
split p0 0 order=4 -> EINVAL
split p0 0 order=1 -> EINVAL
split p0 0 order=2 -> ok
split p0 0 order=2 -> EINVAL
read p0 0 -> a
