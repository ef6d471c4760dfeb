# rules: INV1 INV2 INV24 INV20
# Writable means exclusive means mapped once: after fork no write of anyone is seen by another.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
fork p1 p2
write p1 0 b
write p2 1 c
write p0 2 d
read p0 0 -> a
read p1 1 -> 0
read p2 2 -> 0
read p2 0 -> a
