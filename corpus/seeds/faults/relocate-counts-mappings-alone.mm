# rules: JR16
# A folio under writeback, of which one page is back at one place, and another one still away at another.
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
mremap p0 0+1 8+4 maymove fixed
swap_out p0 8 l0
read p0 8 -> a
mremap p0 8+4 16+4 maymove fixed relocate -> @16
read p0 1 -> b
rmap_walk p0 1 -> p0
