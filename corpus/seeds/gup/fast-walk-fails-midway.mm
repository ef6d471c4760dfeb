# rules: D21
# An error of the slow part hides behind the pages of the fast part.
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
get p0 0+3 r h0 fast -> 2
get p0 2 r h1 fast -> EFAULT
