# rules: J2 J16
# A fixed move of equal length takes every VMA of the range along, with the gaps between them.
config ptes=4
mmap p0 0+2 rw
mmap p0 4+2 r
mmap p0 8+2 rw
mmap p0 20+16 rw
write p0 1 a
poke p0 4 b
write p0 9 c
write p0 22 d
write p0 31 e
mremap p0 1+10 21+10 maymove fixed -> @21
read p0 21 -> a
read p0 22 -> d                            # a gap: nothing was unmapped here
read p0 24 -> b
write p0 24 x -> SIGSEGV
read p0 29 -> c
read p0 31 -> e
read p0 1 -> SIGSEGV
read p0 9 -> SIGSEGV
read p0 0 -> 0
