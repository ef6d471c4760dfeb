# rules: I1
# munmap frees the tables that no remaining VMA needs, so a new mapping starts without them.
mmap p0 0+8 rw
mmap p0 8+4 rw
write p0 0 a
munmap p0 0+8
mmap p0 0+8 rw
thp always=3
write p0 0 b
lock p0 7 l0 -> ok
