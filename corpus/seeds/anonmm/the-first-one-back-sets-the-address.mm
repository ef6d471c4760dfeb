# rules: M9 M13
# A cached page that nobody maps has no address: the first to map it sets one, moved or not.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0 l0
mremap p0 0+1 8+1 maymove fixed
read p0 8 -> a
rmap_walk p0 8 -> p0
write_done l0
swap_out p0 8 -> ok
read p0 8 -> a
