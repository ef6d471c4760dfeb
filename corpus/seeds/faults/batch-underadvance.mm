# rules: C16 BT14
# Every entry of a run is handled once: after fork and exit the folio is its owner's alone.
mmap p0 0+4 rw
thp always=2
write p0 0 a
fork p0 p1
exit p1
fail_alloc 1
write p0 0 b -> ok
