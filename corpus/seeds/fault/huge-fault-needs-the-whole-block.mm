# rules: A7
# A PMD block that leaves its VMA falls back before an anon_vma is prepared.
mmap p0 0+6 rw
thp always=3
read p0 0 -> 0
fail_alloc 3
fork p0 p1 -> ok        # no anon_vma to copy: the mm and the VMA only
write p0 0 a
lock p0 1 l0 -> EFAULT
