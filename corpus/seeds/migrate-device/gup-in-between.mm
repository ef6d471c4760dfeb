# rules: N4 N9 D12
# GUP between the phases sleeps on the lock, or does not find the page.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
pin p0 0 rw h0 -> EINTR
pin p0 0 rw h0 fast nofault -> EFAULT
dev_pages l0 device -> 1
get p0 0 r h0 -> EINTR
dev_finalize l0
pin p0 0 rw h0 nofault -> EFAULT
pin p0 0 rw h0 -> 1
dma_write h0 0 b
read p0 0 -> b
