# rules: R17 B9
# A CPU that read through its translation until the copy on write must see the copy afterwards.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
race read p0 0 at end
write p0 0 b -> ok
read p0 0 -> b
read p1 0 -> a
