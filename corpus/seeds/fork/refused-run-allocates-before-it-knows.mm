# rules: C22 C16 C18
# A refused run has a page allocated for its first entry even if that one turns out to be shared; failing it fails the fork.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 1+3 dontfork
fork p0 p1
madvise p0 1+3 dofork
pin p0 2 rw h0
fail_alloc 8
fork p0 p2 -> ENOMEM
write p0 2 b
dma_read h0 0 -> b
fork p0 p2 -> ok
read p2 2 -> b
