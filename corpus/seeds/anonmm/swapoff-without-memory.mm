# rules: M10 M11 M16 M17
# The copy that swapoff has to make finds no memory: the page stays where no walk finds it, and so cannot be swapped
# out, until it is written there. The device stays on.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
mremap p1 0+1 8+1 maymove fixed
fail_alloc 2
swapoff -> ENOMEM
rmap_walk p1 8 -> p0
swap_out p1 8 -> EBUSY
read p1 8 -> a
read p0 0 -> a
write p1 8 b
rmap_walk p1 8 -> p1
swapoff -> ok
