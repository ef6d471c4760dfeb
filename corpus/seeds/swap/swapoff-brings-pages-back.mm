# rules: E17 C10
# swapoff maps every swapped page again, read-only; the exclusive ones are reused by the next write.
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 -> ok
fork p0 p1
swap_out p0 2 -> ok
swapoff -> ok
swapoff -> EINVAL
read p0 1 -> a
read p1 1 -> a
read p1 2 -> b
swap_out p0 1 -> EBUSY  # the device is off
swapon -> ok
swapon -> EBUSY
swap_out p0 1 -> ok
write p1 1 c
read p0 1 -> a
