# rules: Q4
# The mapping goes in spite of a pin; the pin keeps the page, which is never used again.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
pin p0 0 r h0
hwpoison p0 0 -> EBUSY
read p0 0 -> SIGBUS
dma_read h0 0 -> a
put h0
madvise p0 0+4 dontneed
read p0 0 -> 0
