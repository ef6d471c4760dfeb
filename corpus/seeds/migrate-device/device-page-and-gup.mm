# rules: N11 N12
# GUP faults the device's page in; a device's page is never pinned.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
dev_setup d0 p0 0+3 l0 system -> 3
dev_pages l0 device -> 3
dev_finalize l0
vm_read p0 0 -> a
poke p0 1 d
pin p0 2 rw h0 longterm fast -> 1
read p0 1 -> d
dma_read h0 0 -> c
