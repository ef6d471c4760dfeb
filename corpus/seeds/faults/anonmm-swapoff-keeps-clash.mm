# rules: M10
# swapoff brings a page back in two processes, in one of which it has moved: a copy there.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
mremap p1 0+1 8+1 maymove fixed
swapoff
rmap_walk p1 8 -> p1
