# rules: JR1 JR12 J2
# The first VMA is relocated and stays where it went, the second cannot be.
config ptes=4
mmap p0 0+4 rw
mmap p0 4+4 r
write p0 1 a
mprotect p0 4+4 rw
mmap p0 8+4 r
poke p0 9 c
pin p0 9 r h0
mremap p0 0+12 20+12 maymove fixed must_relocate -> EFAULT
read p0 21 -> a
rmap_walk p0 21 -> p0
read p0 1 -> SIGSEGV
peek p0 9 -> c
mremap p0 8+4 28+4 maymove fixed relocate -> @28
peek p0 29 -> c
