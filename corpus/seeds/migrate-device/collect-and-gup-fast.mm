# rules: N4 D17 R33
# GUP-fast beside the collection: either its pin is seen and the page stays, or it finds the entry changed.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
race pin p0 0 rw h0 at 1,2,3,4
dev_setup d0 p0 0+2 l0 system
dev_pages l0 device
dev_finalize l0
read p0 0 -> a
read p0 1 -> b
