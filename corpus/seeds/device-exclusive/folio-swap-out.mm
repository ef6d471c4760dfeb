# rules: O13
# Reclaim under the older kernels: the reference that is no mapping keeps the folio.
config dev_exclusive=folio
mmap p0 0+8 rw
write p0 0 a
dev_exclusive d0 p0 0 l0 -> ok
drop l0
dev_write d0 p0 0 b
swap_out p0 0 -> EBUSY
dev_write d0 p0 0 c -> ok
read p0 0 -> c
