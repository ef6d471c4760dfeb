# rules: G2 C8
# The dirty bit carried over a PMD split brings no write bit.
mmap p0 0+8 rw
thp always=3
write p0 1 a
fork p0 p1
get p0 7 r h0 split
write p0 1 b
read p1 1 -> a
