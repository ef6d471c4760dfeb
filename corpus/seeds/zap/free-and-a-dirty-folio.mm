# rules: I6 D13
# A folio marked dirty needs its lock and a single mapping to be made lazyfree; locked it is skipped.
mmap p0 0+1 rw
write p0 0 a
pin p0 0 rw h0
put h0 dirty
lock p0 0 l0
madvise p0 0+1 free -> ok
drop l0
madvise p0 0+1 free -> ok
read p0 0 -> a
