# rules: C14
config ptes=4
mmap p0 0+1 rw
write p0 0 a
hwpoison p0 0
fork p0 p1
