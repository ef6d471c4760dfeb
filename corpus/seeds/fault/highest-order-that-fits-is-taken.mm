# rules: A6
# The highest enabled order below the PMD's whose block is wholly NONE is taken.
config ptes=16
mmap p0 0+16 rw
thp always=2,3
write p0 1 a
lock p0 0 l0 -> ok
lock p0 7 l1 -> EAGAIN   # order 3: pages 0 to 7
thp never
write p0 15 b
thp always=2,3
write p0 8 c             # page 15 blocks order 3, not order 2
lock p0 8 l1 -> ok
lock p0 11 l2 -> EAGAIN
lock p0 12 l2 -> EFAULT
