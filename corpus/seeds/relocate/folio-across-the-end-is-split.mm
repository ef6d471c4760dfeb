# rules: JR12 JR16
# A large folio that reaches beyond what moves is split into pages first, each goes its way.
config ptes=8
thp always=2
mmap p0 0+16 rw
write p0 4 a
write p0 5 b
write p0 6 c
write p0 7 d
mremap p0 0+6 32+6 maymove fixed must_relocate -> @32
split p0 6 order=0 -> EINVAL                           # split already
rmap_walk p0 36 -> p0
rmap_walk p0 6 -> p0
swap_out p0 37 -> ok
read p0 36 -> a
read p0 37 -> b
read p0 6 -> c
read p0 7 -> d
