# rules: BT13 S10
# Mappings of a folio that come and go in parts leave the mm-id slots as their total would.
mmap p0 0+8 rw
thp always=3
write p0 0 a
fork p0 p1
fork p0 p2
munmap p2 0+3
munmap p2 5+3
munmap p2 3+2
munmap p1 1+6
munmap p1 7+1
munmap p1 0+1
fail_alloc 1
write p0 0 b -> ok
