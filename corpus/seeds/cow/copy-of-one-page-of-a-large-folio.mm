# rules: B9
# A copy takes one page out of the large folio; its other pages stay where they are, shared.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
fork p0 p1
write p0 0 c
lock p0 0 l0
lock p0 1 l1 -> ok
lock p1 0 l2 -> EAGAIN  # the child's is the old folio
read p1 0 -> a
read p1 1 -> b
