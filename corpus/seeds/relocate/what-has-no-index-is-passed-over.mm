# rules: JR13
# Zero pages, guards, poison and swapped pages move as they always do.
config ptes=4
mmap p0 0+8 rw
read p0 0 -> 0
write p0 1 a
write p0 2 b
hwpoison p0 2
madvise p0 3+1 guard_install
write p0 4 c
swap_out p0 4 -> ok
mremap p0 0+8 20+8 maymove fixed must_relocate -> @20
read p0 20 -> 0
read p0 21 -> a
read p0 22 -> SIGBUS
read p0 23 -> SIGSEGV
read p0 24 -> c
rmap_walk p0 24 -> p0
rmap_walk p0 21 -> p0
