# rules: Q1 G9
# Only the page itself is lost.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 1 b
hwpoison p0 1 -> SIGBUS
read p0 0 -> a
read p0 1 -> SIGBUS
lock p0 0 l0
lock p0 2 l1 -> EFAULT   # a page of zeroes, vanished in the split
