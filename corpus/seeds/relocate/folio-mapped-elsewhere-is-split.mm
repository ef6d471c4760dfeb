# rules: JR16 JR12
# The folio's span lies in what moves, but half of it was moved away before: that half is found by the
# old index.
config ptes=8
thp always=2
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
mremap p0 0+2 32+2 maymove fixed dontunmap -> @32
mremap p0 0+8 48+8 maymove fixed must_relocate -> @48
rmap_walk p0 33 -> p0
rmap_walk p0 50 -> p0
swap_out p0 33 -> ok
swap_out p0 50 -> ok
read p0 32 -> a
read p0 33 -> b
read p0 50 -> c
read p0 51 -> d
