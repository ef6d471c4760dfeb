# rules: P2
# "For KSM, this means sharing will fail."
mmap p0 0+4 rw
madvise p0 0+4 mergeable -> ok
write p0 0 0 -> ok
write p0 1 0 -> ok
pin p0 0 rw h0 -> 1
ksm p0 0 p0 1 -> EAGAIN
dma_write h0 0 b -> ok
read p0 0 -> b
read p0 1 -> 0
