# rules: O4
# page_make_device_exclusive_one: the older rmap walk converts every PTE of the folio.
config dev_exclusive=walk
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
dev_exclusive d0 p0 1 l0 -> ok
drop l0
get p0 2 rw h0 nofault -> EFAULT  # converted, too
dev_write d0 p0 1 d
dev_write d0 p0 2 e -> EFAULT     # but not given to the device
read p0 2 -> c
read p0 1 -> d
