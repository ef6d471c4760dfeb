# rules: D21
# A range beyond the address space is EFAULT at once for the fast calls and a short count for the slow ones.
config ptes=4
mmap p0 60+4 rw
get p0 62+4 r h0 -> 2
get p0 62+4 r h1 fast -> EFAULT
get p0 62+2 r h1 fast -> 2
get p0 64 r h2 -> EFAULT
