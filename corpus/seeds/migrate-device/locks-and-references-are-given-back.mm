# rules: N16 N5 N6 N9
# Of each way through the phases nothing stays behind: the page can be locked, split off, swapped and freed.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
get p0 1 r h0 -> 1
isolate p0 2 l0 -> ok
dev_setup d0 p0 0+4 l1 system -> 2
put h0
drop l0
lock p0 1 l2 -> ok
drop l2
dev_pages l1 host -> 2
dev_finalize l1
lock p0 0 l2 -> ok
drop l2
swap_out p0 0 -> ok
swap_out p0 1 -> ok
swap_out p0 2 -> ok
swap_out p0 3 -> ok
read p0 0 -> a
read p0 1 -> b
read p0 2 -> c
