# rules: D2
# GUP asks the VMA: no VMA, writing without WRITE and reading without READ are EFAULT.
mmap p0 0+1 r
mmap p0 2+1 none
get p0 0 rw h0 -> EFAULT
get p0 0 r h0 -> 1
get p0 1 r h1 -> EFAULT
get p0 2 r h1 -> EFAULT
pin p0 2 rw h1 -> EFAULT
pin p0 0 rw h1 force -> 1
get p0 2 r h2 force -> 1
