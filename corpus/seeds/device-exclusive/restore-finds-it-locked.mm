# rules: O7
# do_swap_page, remove_device_exclusive_entry: the folio lock is waited for.
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
lock p0 0 l0 -> ok
read p0 0 -> BLOCKED
get p0 0 r h0 -> EINTR
dev_write d0 p0 0 b -> ok
drop l0
read p0 0 -> b
