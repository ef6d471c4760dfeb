# rules: G15 G18 G24
# Such a block is passed over, and the errno is that of the last failure.
mmap p0 0+16 rw
write p0 0 a
write p0 8 b
get p0 0 r h0
madvise p0 0+16 collapse -> EAGAIN
lock p0 8 l0
lock p0 15 l1 -> EAGAIN             # the second block was collapsed
put h0
lock p0 0 l1
madvise p0 0+8 collapse -> EAGAIN
drop l1
isolate p0 0 l1
madvise p0 0+8 collapse -> EAGAIN
drop l1
madvise p0 0+8 collapse -> ok
