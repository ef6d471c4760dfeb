# rules: P5 B11 D5 C4
# A child maps the KSM page, too. A pin never holds it, a plain reference may.
mmap p0 0+4 rw
madvise p0 0+4 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1 -> ok
fork p0 p1
get p1 0 r h0
pin p1 0 r h1
write p1 0 a
dma_read h0 0 -> 0
dma_read h1 0 -> a
read p0 0 -> 0
