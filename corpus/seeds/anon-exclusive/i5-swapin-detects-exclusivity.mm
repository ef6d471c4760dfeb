# rules: E13 E14
# "Always has to detect manually if an anonymous page is exclusive": the last one to swap in a
# shared slot may write in place.
mmap p0 0+4 rw
write p0 0 a -> ok
fork p0 p1 -> ok
swap_out p0 0 -> ok
exit p1 -> ok
write p0 0 b -> ok
fork p0 p1 -> ok
write p1 0 c -> ok
read p0 0 -> b
