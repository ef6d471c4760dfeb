# rules: O4
# page_make_device_exclusive_one, not present: another page of the folio is exclusive already; what was converted stays converted.
config dev_exclusive=walk
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 3 b
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_exclusive d0 p0 3 l0 -> EBUSY
dev_write d0 p0 3 c -> EFAULT
dev_write d0 p0 0 c -> ok          # an event of its own
read p0 0 -> c
read p0 3 -> b
