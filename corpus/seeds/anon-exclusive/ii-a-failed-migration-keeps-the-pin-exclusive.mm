# rules: F7 F12 D17
# II, without the race: the pin comes first, so the unmap fails; a plain reference comes first, so
# the copy fails and the restore gives exclusivity back.
mmap p0 0+4 rw
write p0 0 a -> ok
get p0 0 r h0 -> 1
migrate p0 0 l0 -> ok
migrate_copy l0 -> EAGAIN
migrate_end l0 -> ok
pin p0 0 rw h1 -> 1
migrate p0 0 l0 -> EAGAIN
fork p0 p1 -> ok
dma_write h1 0 b -> ok
read p0 0 -> b
read p1 0 -> a
