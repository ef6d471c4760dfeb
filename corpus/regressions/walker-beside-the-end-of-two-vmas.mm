# Two VMAs make place for what moves, and a walker holds the lock of their root: taking one away after the other let it
# walk between the two, through a list in disorder, where it found nobody (L18).
config ptes=4
mmap p0 0+5 rw
write p0 0 a
madvise p0 1+1 mergeable
mremap p0 1+4 5+4 maymove fixed dontunmap
race walk p0 0 at 0,0,0,1
mremap p0 0+1 4+2 maymove fixed
