# rules: P1 F9
# Split off, a page of zeroes is the zero page already: there is nothing to merge.
mmap p0 0+8 rw
madvise p0 0+8 mergeable
thp always=3
write p0 0 a
ksm p0 1 p0 2 -> EAGAIN
ksm p0 1 p0 2 -> EFAULT
read p0 1 -> 0
