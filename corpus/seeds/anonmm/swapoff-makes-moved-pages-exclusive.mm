# rules: M10
# Every entry comes back; where the page is noted elsewhere by then, that process gets a copy of its own.
config rmap=anonmm
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
fork p0 p1
swap_out p0 0
swap_out p0 1
mremap p1 0+2 8+2 maymove fixed
swapoff -> ok
rmap_walk p0 0 -> p0
rmap_walk p1 8 -> p1
read p1 9 -> b
write p0 0 c
read p1 8 -> a
swap_out p0 0 -> EBUSY
