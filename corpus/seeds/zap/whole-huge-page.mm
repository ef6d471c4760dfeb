# rules: I4 I15
# A huge page zapped as a whole leaves nothing: its deposited table goes, and the next fault may map a huge page again.
mmap p0 0+16 rw
thp always=3
write p0 0 a
read p0 8 -> 0
madvise p0 0+16 dontneed
read p0 3 -> 0
write p0 5 b
lock p0 0 l0 -> ok
