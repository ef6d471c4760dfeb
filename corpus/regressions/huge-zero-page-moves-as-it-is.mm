# A huge zero page moves with the entry it has (K7): old, if a fork made it old.
config ptes=4
thp always=2
mmap p0 0+4 rw
read p0 0
fork p0 p1
mmap p1 4+4 rw
uffd_register p1 4+4 missing
uffd_move p1 0+4 4 -> 4
