# rules: JR1 JR7
# What cannot be locked cannot be relocated, mapped or not.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
lock p0 1 l1 -> ok
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
drop l1
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
read p0 21 -> a
