# rules: O7
# GUP of any kind gives the page back first; a GUP without fault does not find it.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_exclusive d0 p0 1 l0 -> ok
drop l0
dev_exclusive d0 p0 2 l0 -> ok
drop l0
dev_write d0 p0 0 d
peek p0 0 -> d
dev_write d0 p0 0 e -> EFAULT
pin p0 1 rw h0 longterm fast -> 1
dev_write d0 p0 1 e -> EFAULT
pin p0 2 r h1 nofault -> EFAULT
dev_write d0 p0 2 e -> ok
madvise p0 2+1 populate_read
dev_write d0 p0 2 f -> EFAULT
read p0 2 -> e
