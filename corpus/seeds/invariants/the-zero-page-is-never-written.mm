# rules: INV7 INV21
# Whatever is done to it, everyone's untouched memory reads zero.
mmap p0 0+4 rw
read p0 0 -> 0
read p0 1 -> 0
poke p0 0 a
fork p0 p1
write p1 1 b
vm_write p0 1 c
read p0 2 -> 0
read p1 2 -> 0
mmap p1 8+1 r
poke p1 8 d
mmap p0 8+1 r
read p0 8 -> 0
