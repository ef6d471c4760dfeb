# rules: A3 C4 INV1
# "If a writable, present page table entry points at an anonymous page, that page must be exclusive":
# after a fork neither side may write without a fault.
mmap p0 0+4 rw
write p0 0 a -> ok
fork p0 p1 -> ok
write p0 0 b -> ok
read p1 0 -> a
write p1 0 c -> ok
read p0 0 -> b
