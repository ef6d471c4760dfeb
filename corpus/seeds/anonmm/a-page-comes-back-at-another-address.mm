# rules: M7 M9
# Moved while it was in swap: whoever comes second finds the page noted elsewhere, and gets a copy for a mere read.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
mremap p1 0+1 8+1 maymove fixed
read p0 0 -> a
read p1 8 -> a
rmap_walk p0 0 -> p0
rmap_walk p1 8 -> p1
swap_out p1 8 -> ok
swap_out p0 0 -> ok
write p1 8 b
read p0 0 -> a
