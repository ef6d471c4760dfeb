# rules: C16 BT1
# Two neighbouring folios are two runs: each keeps its own counts through fork and exit.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 4 b
fork p0 p1
munmap p1 0+4
fail_alloc 1
write p0 0 c -> ok
fail_alloc 1
write p0 4 d -> OOM
read p1 4 -> b
