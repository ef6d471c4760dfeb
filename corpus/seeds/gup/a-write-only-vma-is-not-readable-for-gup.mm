# rules: D2
# A CPU can read what it may write, GUP needs VM_READ itself.
mmap p0 0+1 w
write p0 0 a -> ok
read p0 0 -> a
get p0 0 r h0 -> EFAULT
get p0 0 rw h1 -> 1
dma_read h1 0 -> a
