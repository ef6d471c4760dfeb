# rules: A7 B13 C8
# "Until then, we can just track it for the compound page in the head page": one bit for a PMD mapping.
thp always=3
mmap p0 8+8 rw
write p0 15 a -> ok
fork p0 p1 -> ok
exit p1 -> ok
write p0 9 b -> ok
read p0 15 -> a
