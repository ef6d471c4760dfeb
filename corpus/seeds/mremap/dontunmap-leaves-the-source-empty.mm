# rules: J12 J13 J16
# The source stays mapped and reads zero; moved whole, it will have another anon_vma.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
mremap p0 0+4 20+4 maymove dontunmap -> @20
read p0 21 -> a
read p0 1 -> 0
fail_alloc 3
write p0 1 b -> OOM                                # its link, its anon_vma, the page
write p0 1 b -> ok
read p0 21 -> a
rmap_walk p0 1 -> p0
mmap p0 8+12 r
mmap p0 24+40 r
mremap p0 20+4 0+4 maymove dontunmap -> @4         # occupied: where there is room
mremap p0 4+4 40+4 maymove fixed dontunmap -> @40
read p0 41 -> a
read p0 5 -> 0
