# rules: A6 A3 A11
# A forced write takes a large folio as any write does; all its entries stay read-only.
mmap p0 0+8 r
thp always=2
poke p0 1 a -> ok
lock p0 3 l0 -> ok
write p0 0 b -> SIGSEGV
read p0 1 -> a
