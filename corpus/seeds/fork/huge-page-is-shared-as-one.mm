# rules: C8 C21
# A huge page that nobody pinned is mapped by a PMD in the child, too, and write-protected in both.
mmap p0 0+8 rw
thp always=3
write p0 5 a
fork p0 p1
lock p0 0 l0
lock p1 7 l1 -> EAGAIN
read p1 5 -> a
write p1 0 b -> BLOCKED  # at PMD level the reuse test sleeps on the lock
