# rules: L8 L9 L18 JR3 JR10
# Folio after folio gets its new root and index, then table after table moves. Nobody gets in between;
# who waited begins anew with the new root.
config ptes=8
thp always=2
mmap p0 0+16 rw
write p0 0 a
write p0 5 b
thp never
write p0 9 c
race walk p0 5 at 0,0,0,0
mremap p0 0+16 33+16 maymove fixed must_relocate -> @33
race walk p0 38 at end,end,end,end
mremap p0 33+16 0+16 maymove fixed must_relocate -> @0
race walk p0 0 at 1,2,3,4
mremap p0 0+16 33+16 maymove fixed must_relocate -> @33
race walk p0 42 at 1,3,6,9
mremap p0 33+16 0+16 maymove fixed must_relocate -> @0
race walk p0 5 at 0,2,3,4
mremap p0 0+16 32+16 maymove fixed must_relocate -> @32
lock p0 41 l0
race walk p0 32 at 1,3,5,7
mremap p0 32+16 65+16 maymove fixed relocate -> @65
rmap_walk p0 65 -> p0
read p0 65 -> a
read p0 70 -> b
read p0 74 -> c
