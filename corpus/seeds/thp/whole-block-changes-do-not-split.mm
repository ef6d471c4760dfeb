# rules: H8
# Operations on whole blocks leave the huge page a huge page.
mmap p0 0+16 rw
thp always=3
write p0 0 a
write p0 8 b
mprotect p0 0+8 r
mprotect p0 0+8 rw
munmap p0 8+8
fork p0 p1
lock p0 0 l0
write p0 1 c -> BLOCKED
