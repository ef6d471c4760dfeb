# rules: A6 S6 Z1
# Orders 0 and 1 and orders above the PMD's mean nothing to anonymous memory.
config ptes=8
mmap p0 0+8 rw
thp always=0,1,4
write p0 0 a
lock p0 1 l0 -> EFAULT
lock p0 0 l0 -> ok
