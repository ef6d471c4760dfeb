# rules: J5 J6 L7
# A page is found at its new place through the same anon_vma and index, by everybody.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
fork p0 p1
mremap p0 0+4 20+4 maymove fixed -> @20
rmap_walk p0 21 -> p0,p1
rmap_walk p1 1 -> p0,p1
migrate p0 21 l0 all -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
read p0 21 -> a
read p1 1 -> a
swap_out p0 21 -> ok
read p1 1 -> a
