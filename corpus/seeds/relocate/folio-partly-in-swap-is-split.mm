# rules: JR16 JR12
# Written out, the folio can be split: each page has the index of its own place then.
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
mremap p0 0+1 8+4 maymove fixed
swap_out p0 8 l0
read p0 8 -> a
write_done l0 -> ok
mremap p0 8+4 16+4 maymove fixed must_relocate -> @16
read p0 16 -> a
read p0 1 -> b
rmap_walk p0 1 -> p0
rmap_walk p0 16 -> p0
