# rules: E11
# A write that fails leaves the folio dirty in the cache; the next reclaim tries again.
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
write_done l0 error -> ok
lock p0 1 l1 -> ok         # it is still cached
swap_out p0 1 -> EAGAIN
drop l1
swap_out p0 1 -> ok
lock p0 1 l1 -> EFAULT     # now it is not
read p0 1 -> a
