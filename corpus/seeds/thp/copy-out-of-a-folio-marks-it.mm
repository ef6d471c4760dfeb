# rules: G12 B9
# A copy that takes the last mapping of a page away makes its old folio partially mapped.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
exit p1
get p0 3 r h0
write p0 1 b    # the reference forces a copy
read p0 1 -> b
read p0 0 -> a
