# rules: JR3 JR12 J16
# What grows moves with its pages; what shrinks loses its tail first.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
write p0 3 b
mmap p0 4+1 r
mremap p0 0+4 20+8 maymove fixed must_relocate -> @20
read p0 21 -> a
read p0 27 -> 0
mremap p0 20+8 40+2 maymove fixed must_relocate -> @40
read p0 41 -> a
read p0 42 -> SIGSEGV
read p0 23 -> SIGSEGV
mmap p0 42+1 r
mmap p0 0+4 r
mmap p0 5+15 r
mmap p0 20+20 r
mmap p0 43+5 r
mremap p0 40+2 40+8 maymove must_relocate -> @48        # the only room
read p0 49 -> a
rmap_walk p0 49 -> p0
