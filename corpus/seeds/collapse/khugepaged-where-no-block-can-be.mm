# rules: G15
# Not alive, nothing there, a block that is not all in the VMA, no huge pages wanted, no anon_vma.
khugepaged p1 0 none=8 swap=8 shared=8 -> ESRCH
khugepaged p0 0 none=8 swap=8 shared=8 -> ENOMEM
mmap p0 4+12 rw
write p0 4 a
write p0 8 b
khugepaged p0 4 none=8 swap=8 shared=8 -> EINVAL
madvise p0 8+8 nohugepage
khugepaged p0 8 none=8 swap=8 shared=8 -> EINVAL
mmap p0 16+8 rw
read p0 16 -> 0
khugepaged p0 16 none=8 swap=8 shared=8 -> EINVAL
mmap p0 24+8 rw
write p0 24 c
khugepaged p0 25 none=8 swap=8 shared=8 -> ok
read p0 24 -> c
