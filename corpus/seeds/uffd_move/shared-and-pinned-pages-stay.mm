# rules: K5
# Only what nobody else has moves: not a shared page, not a pinned one. A plain reference does not matter.
config ptes=4
mmap p0 0+4 rw
mmap p0 20+8 rw
uffd_register p0 20+8 missing
write p0 0 a
write p0 1 b
write p0 2 c
pin p0 1 rw h0 -> 1
uffd_move p0 1+1 21 -> EBUSY
get p0 2 rw h1 -> 1
uffd_move p0 2+1 22 -> 1
dma_read h1 0 -> c
put h0
uffd_move p0 1+1 21 -> 1
lock p0 0 l0
uffd_move p0 0+1 20 -> EINTR
drop l0
fork p0 p1
uffd_move p0 0+1 20 -> EBUSY
exit p1
uffd_move p0 0+1 20 -> EBUSY   # until it is known again that it is the only one
write p0 0 d
uffd_move p0 0+1 20 -> 1
read p0 20 -> d
