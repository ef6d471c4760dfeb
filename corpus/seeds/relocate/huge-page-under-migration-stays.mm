# rules: JR1 JR7
# The same of a leaf.
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 1 b
migrate p0 1 l0 -> ok
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
mremap p0 0+4 20+4 maymove fixed relocate -> @20
migrate_copy l0 -> ok
migrate_end l0 -> ok
read p0 21 -> b
mremap p0 20+4 40+4 maymove fixed must_relocate -> @40
read p0 41 -> b
