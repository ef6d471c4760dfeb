# rules: INV22 INV23 INV25 O11
# Pages in a device's memory, exclusive to it, and neither, through a life: what each process wrote is what it reads.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_exclusive d1 p0 1 l0 -> ok
drop l0
dev_write d0 p0 0 d
dev_write d1 p0 1 e
fork p0 p1
write p0 2 f
dev_exclusive d1 p1 1 l0 -> ok
drop l0
dev_write d1 p1 1 g
read p1 0 -> d
read p0 0 -> d
read p0 1 -> e
read p1 1 -> g
read p1 2 -> c
write p1 0 h
read p0 0 -> d
