# rules: A15 B1 B9 C4
# After fork both entries are read-only; the first writer gets a copy, the other keeps the old page.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
write p0 0 b -> ok
read p0 0 -> b
read p1 0 -> a
lock p0 0 l0 -> ok
lock p1 0 l1 -> ok
