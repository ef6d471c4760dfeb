# rules: C6 C7
# "Will mark the given subpage shared -- which will fail if the page is pinned. If it failed, we have
# to copy."
thp always=2
mmap p0 4+4 rw
write p0 4 a -> ok
write p0 5 b -> ok
pin p0 5 rw h0 -> 1
fork p0 p1 -> ok
dma_write h0 0 c -> ok
write p0 4 d -> ok
read p0 5 -> c
read p1 5 -> b
read p1 4 -> a
