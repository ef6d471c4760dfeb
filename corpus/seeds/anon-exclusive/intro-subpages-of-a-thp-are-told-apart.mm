# rules: C2 C4 G2
# "Once PTE-mapped, we have to track information about exclusivity per sub-page": MADV_WIPEONFORK on
# a part leaves that part writable and exclusive, the rest is shared.
thp always=3
mmap p0 8+8 rw
write p0 8 a -> ok
write p0 12 b -> ok
madvise p0 12+4 wipeonfork -> ok
fork p0 p1 -> ok
write p0 12 c -> ok
write p0 8 d -> ok
read p1 8 -> a
read p1 12 -> 0
