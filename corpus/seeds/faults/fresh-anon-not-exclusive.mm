# rules: A3 INV1
# A fresh page is exclusive: a read-only pin takes it as it is, with nothing to allocate.
mmap p0 0+1 r
poke p0 0 a
fail_alloc 1
pin p0 0 r h0 -> 1
mmap p0 1+1 rw
write p0 1 b
