# rules: F9 Q1
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
hwpoison p0 1
