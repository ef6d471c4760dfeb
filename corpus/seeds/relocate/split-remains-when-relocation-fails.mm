# rules: JR9 JR12 JR13
# What was split on the way stays split.
config ptes=8
thp always=2
mmap p0 0+16 rw
thp never
write p0 0 a
thp always=2
write p0 5 b
write p0 6 c
pin p0 0 rw h0
mremap p0 0+6 32+6 maymove fixed must_relocate -> EFAULT
split p0 6 order=0 -> EINVAL
read p0 5 -> b
