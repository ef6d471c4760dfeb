# rules: JR13 JR16 J9
# To a place that is not congruent a leaf moves as PTEs; its folio stays one, and has its new index.
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 1 a
write p0 3 b
mremap p0 0+4 21+4 maymove fixed must_relocate -> @21
rmap_walk p0 21 -> p0
rmap_walk p0 24 -> p0
split p0 22 order=0 -> ok
read p0 22 -> a
read p0 24 -> b
