# rules: N15 N4
# MIGDEV_OLD, N15 (a): the dirty bit of the entry is not moved to the folio. A page that the swap cache has looks clean, is dropped, and its last write with it.
config migdev_old=on
mmap p0 0+8 rw
write p0 0 a
swap_out p0 0 l0 -> ok
write_done l0
read p0 0 -> a
write p0 0 b
dev_setup d0 p0 0+1 l0 system -> 1
dev_finalize l0
swap_out p0 0 -> ok
read p0 0 -> a
