# rules: E12 E17 A5 I2
# What the device cannot read is SIGBUS, EFAULT to the kernel, and a marker after swapoff.
mmap p0 0+4 rw
write p0 1 a
bad_slot p0 1 -> EFAULT
swap_out p0 1 -> ok
bad_slot p0 1 -> ok
read p0 1 -> SIGBUS
write p0 1 b -> SIGBUS
pin p0 1 r h0 -> EFAULT
fork p0 p1
swapoff -> ok
read p0 1 -> SIGBUS
peek p1 1 -> EFAULT
madvise p0 1+1 populate_read -> EHWPOISON
madvise p0 1+1 dontneed
read p0 1 -> 0
read p1 1 -> SIGBUS
