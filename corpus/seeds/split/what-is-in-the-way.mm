# rules: G7
# A lock, a reference; no page at all.
mmap p0 0+16 rw
thp always=3
write p0 0 a
split p0 8 order=0 -> EFAULT
get p0 3 r h0
split p0 0 order=0 -> EAGAIN
put h0
isolate p0 0 l0
split p0 0 order=0 -> EAGAIN
drop l0
lock p0 0 l0
split p0 0 order=0 -> EAGAIN
drop l0
split p0 0 order=0 -> ok
read p0 0 -> a
