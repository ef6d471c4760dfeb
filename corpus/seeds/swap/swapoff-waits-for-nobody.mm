# rules: E17
# A write in flight or a lock ends swapoff, a missing page of memory, too; what came back stays.
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 -> ok
swap_out p0 2 l0 -> ok
fail_alloc 1
swapoff -> ENOMEM
swapoff -> EINTR
fail_alloc 1
write p0 1 c -> ok      # it came back, exclusive
write_done l0 -> ok
lock p0 2 l0
swapoff -> EINTR
drop l0
swapoff -> ok
read p0 2 -> b
