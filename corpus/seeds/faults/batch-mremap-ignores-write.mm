# rules: J7
thp always=2
mmap p0 0+8 rw
write p0 0 a
madvise p0 0+2 dontfork
fork p0 p1
madvise p0 0+2 dofork
mremap p0 0+4 20+4 maymove fixed
