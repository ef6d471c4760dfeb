# rules: D8 G2 G5
# FOLL_SPLIT_PMD maps the block by PTEs first; afterwards no fault there sleeps on the folio lock.
mmap p0 0+8 rw
thp always=3
write p0 0 a
get p0 1 r h0 split -> 1
fork p0 p1
lock p0 0 l0
write p0 3 b -> ok        # a PTE copy; at PMD level it would be BLOCKED
read p1 0 -> a
