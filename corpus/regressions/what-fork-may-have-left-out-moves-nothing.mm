# DONTFORK that failed midway may have kept a page from the child: a move of the child's unmaps only what it has (I11, J2).
config ptes=4
mmap p0 7+1 rw
mmap p0 0+4 rw
write p0 7 a
fork p0 p1
exit p0
madvise p1 3+2 dontfork
fork p1 p0
mremap p0 0+4 4+4 maymove fixed
