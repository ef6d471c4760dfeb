# rules: G15
# Old pages are not worth a huge one; a single young page is enough.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
madvise p0 0+8 cold
khugepaged p0 0 none=8 swap=8 shared=8 -> EINVAL
madvise p0 0+8 collapse -> ok                     # which does not care
mmap p0 8+8 rw
write p0 8 a
write p0 9 b
madvise p0 8+8 cold
khugepaged p0 8 none=8 swap=8 shared=8 -> EINVAL
read p0 8 -> a
khugepaged p0 8 none=8 swap=8 shared=8 -> ok
read p0 9 -> b
