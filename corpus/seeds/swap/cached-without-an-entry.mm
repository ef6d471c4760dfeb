# rules: E17 E21
# A folio that is only cached, because its lock was held when its entry went: swapoff drops it.
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
write_done l0 -> ok
lock p0 1 l1 -> ok
madvise p0 1+1 dontneed
swapoff -> EINTR
drop l1
swapoff -> ok
