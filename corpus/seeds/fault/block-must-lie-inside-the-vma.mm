# rules: A6
# A block that leaves its VMA is no candidate, so the fault falls back to a single page.
mmap p0 0+6 rw
thp always=2
write p0 5 a
lock p0 4 l0 -> EFAULT
lock p0 5 l0 -> ok
write p0 3 b
lock p0 0 l1 -> ok      # the block below is whole
