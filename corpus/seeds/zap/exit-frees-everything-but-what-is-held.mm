# rules: I13 I15 Z5
# exit unmaps all; a pinned page and the child's memory live on.
mmap p0 0+8 rw
thp always=3
write p0 0 a
pin p0 0 rw h0
fork p0 p1
exit p0 -> ok
read p0 0 -> ESRCH
read p1 0 -> a
dma_read h0 0 -> a
put h0
exit p1 -> ok
