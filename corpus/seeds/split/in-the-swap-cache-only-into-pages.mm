# rules: G7 G9 E19
# A folio in the swap cache can only be split into single pages, each with its slot.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
write p0 3 d
fork p0 p1
swap_out p0 0 l0 -> ok
read p1 0 -> a
split p1 0 order=0 -> EBUSY
write_done l0
split p1 0 order=0 nonuniform -> EINVAL
split p1 0 order=0 -> ok
read p0 3 -> d
read p1 2 -> c
swap_out p0 3
read p0 3 -> d
