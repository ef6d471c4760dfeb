# rules: R2 E4
# After the flush there is no translation any more.
mmap p0 0+1 rw
write p0 0 a
race write p0 0 b at 5
swap_out p0 0 -> ok
read p0 0 -> a
