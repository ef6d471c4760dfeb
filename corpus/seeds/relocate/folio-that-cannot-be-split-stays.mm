# rules: JR1 JR12 JR16
# Somebody's reference, or lock, and the folio cannot be split, nor relocated.
config ptes=8
thp always=2
mmap p0 0+16 rw
write p0 5 a
write p0 6 b
get p0 6 r h0
mremap p0 0+6 32+6 maymove fixed must_relocate -> EFAULT
put h0
lock p0 6 l0
mremap p0 0+6 32+6 maymove fixed must_relocate -> EFAULT
split p0 6 order=0 -> EAGAIN
mremap p0 0+6 32+6 maymove fixed relocate -> @32
drop l0
split p0 6 order=0 -> ok
read p0 37 -> a
read p0 6 -> b
