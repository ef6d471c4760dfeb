# rules: JR7 JR9 JR14
# And back again, if a later page cannot be relocated.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 1 l0 -> ok
lock p0 2 l1
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
mremap p0 0+4 20+4 maymove fixed relocate -> @20
read p0 21 -> a
write_done l0 -> ok
swap_out p0 21 -> ok
read p0 21 -> a
