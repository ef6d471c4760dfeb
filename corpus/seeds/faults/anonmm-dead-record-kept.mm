# rules: M1 M14
# The record of a process that has ended goes with the last page that notes it.
config rmap=anonmm
mmap p0 0+1 rw
fork p0 p1
write p1 0 a
fork p1 p2
exit p1
exit p2
