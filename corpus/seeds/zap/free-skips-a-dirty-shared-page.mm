# rules: I6 D13
# A folio marked dirty that two processes map is passed over; both keep their content.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
put h0 dirty
fork p0 p1
madvise p0 0+1 free -> ok
read p0 0 -> a
read p1 0 -> a
