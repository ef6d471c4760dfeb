# rules: D12 D3
# With NOFAULT a missing page is EFAULT; a present one is taken.
mmap p0 0+2 rw
write p0 0 a
get p0 0+2 r h0 nofault -> 1
get p0 1 r h1 nofault -> EFAULT
get p0 1 r h1 fast nofault -> EFAULT
get p0 0 r h1 fast nofault -> 1
