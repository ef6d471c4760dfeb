# rules: INV36 B9 D20
# A page that came by unshare or by a forced write has a clean entry, and its content is not disposable.
mmap p0 0+2 rw
write p0 0 a
fork p0 p1
pin p0 0 r h0
put h0
mprotect p0 0+2 r
poke p0 1 b
mprotect p0 0+2 none
mprotect p0 0+2 r
read p0 0 -> a
read p0 1 -> b
