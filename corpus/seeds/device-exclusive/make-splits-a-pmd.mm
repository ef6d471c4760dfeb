# rules: O1 O5
# make_device_exclusive, FOLL_SPLIT_PMD: a block is mapped by PTEs first, and one of them is converted.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 3 b
dev_exclusive d0 p0 3 l0 -> ok
drop l0
dev_write d0 p0 3 c
get p0 0 rw h0 nofault -> 1
get p0 3 rw h1 nofault -> EFAULT
read p0 3 -> c
read p0 0 -> a
