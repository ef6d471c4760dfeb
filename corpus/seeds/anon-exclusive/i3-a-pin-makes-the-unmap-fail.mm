# rules: F3 F6
# "If it fails because there are GUP pins on the page, unmap fails", and nothing was lost.
mmap p0 0+4 rw
write p0 0 a -> ok
pin p0 0 r h0 longterm -> 1
migrate p0 0 l0 -> EAGAIN
migrate_end l0 -> EBADF
write p0 0 b -> ok
dma_read h0 0 -> b
