# rules: L8 L9 L19 E4
# What is being unmapped may be found, or not any more.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
race walk p0 0 at 0,0,0,0
swap_out p0 0 -> ok
read p0 0 -> a
race walk p0 0 at 1,2,3,4
swap_out p0 0 -> ok
read p1 0 -> a
race walk p1 0 at end,end,end,end
swap_out p1 0 -> ok
read p0 0 -> a
