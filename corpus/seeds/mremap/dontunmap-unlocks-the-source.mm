# rules: J12
# LOCKED goes from the whole VMA of the source, even if a part was moved.
config ptes=4
mmap p0 0+4 rw
mlock p0 0+4
mremap p0 0+2 20+2 maymove fixed dontunmap -> @20
madvise p0 2+2 dontneed -> ok
madvise p0 20+2 dontneed -> EINVAL
