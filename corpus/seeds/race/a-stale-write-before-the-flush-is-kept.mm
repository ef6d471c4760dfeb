# rules: R2 E4
# A CPU that still has a writable translation writes while the page is being swapped out: before the
# flush its store is part of the page that is written.
mmap p0 0+1 rw
write p0 0 a
race write p0 0 b at 3
swap_out p0 0 -> ok
read p0 0 -> b
