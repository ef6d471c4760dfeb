# rules: G13
# A folio that is locked or referenced goes back to the tail, the last one taken first.
mmap p0 0+16 rw
thp always=2
write p0 0 a
write p0 4 b
write p0 8 c
madvise p0 1+1 dontneed
madvise p0 5+1 dontneed
madvise p0 9+1 dontneed
get p0 0 r h0
lock p0 4 l0
deferred_scan 2
put h0
drop l0
deferred_scan 2          # the third one, then the second
lock p0 0 l0
lock p0 2 l1 -> EAGAIN
read p0 8 -> c
