# rules: JR1 JR7
# Of a large folio in the swap cache each entry may come back alone.
config ptes=8
thp always=2
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
swap_out p0 0 l0 -> ok
mremap p0 0+8 16+8 maymove fixed must_relocate -> EFAULT
mremap p0 0+8 16+8 maymove fixed relocate -> @16
write_done l0 -> ok
read p0 16 -> a
read p0 17 -> b
