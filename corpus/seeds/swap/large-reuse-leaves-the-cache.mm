# rules: B7 E24 E19
# A cached large folio of one process leaves the swap cache, and the page is written in place.
config ptes=4 swap_device=stable
mmap p0 0+4 rw
thp always=2
write p0 0 a
swap_out p0 0 l0 -> ok
read p0 0 -> a                    # whole, and not exclusive (E24)
write_done l0 -> ok
fail_alloc 1
write p0 1 b -> ok
read p0 0 -> a
