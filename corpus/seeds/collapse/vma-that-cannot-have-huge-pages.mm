# rules: G15 G18
# No anon_vma, NOHUGEPAGE, no room for a block: EINVAL, whatever the range.
mmap p0 0+8 rw
read p0 0 -> 0
madvise p0 0+8 collapse -> EINVAL
write p0 0 a
madvise p0 0+8 nohugepage
madvise p0 0+8 collapse -> EINVAL
mmap p0 17+6 rw
write p0 17 a
madvise p0 17+6 collapse -> EINVAL
