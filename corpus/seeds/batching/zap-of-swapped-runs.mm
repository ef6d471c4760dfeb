# rules: E21 I2 BT7
# SWAP entries of one folio are given up in two runs: the cache goes with the second, and its slots are free.
config ptes=4 swap=4
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
swap_out p0 0 l0 -> ok
write_done l0 -> ok
madvise p0 0+2 dontneed
lock p0 2 l1 -> ok       # still cached
drop l1
thp never
write p0 4 c
swap_out p0 4 -> EBUSY   # no slot
madvise p0 2+2 dontneed
swap_out p0 4 -> ok
read p0 4 -> c
read p0 0 -> 0
