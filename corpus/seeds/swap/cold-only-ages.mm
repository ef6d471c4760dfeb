# rules: I9 I16
# MADV_COLD makes entries old and nothing else; LOCKED memory refuses it.
config ptes=4
mmap p0 0+8 rw
write p0 0 a
thp always=2
write p0 4 b
madvise p0 0+8 cold -> ok
read p0 0 -> a
write p0 4 c -> ok
mlock p0 0+8
madvise p0 0+8 cold -> EINVAL
