# rules: C21 C16
# With soft-dirty tracking on, entries are copied with their soft-dirty bits and compared in runs by them.
config soft_dirty=on
mmap p0 0+4 rw
thp always=2
write p0 0 a
clear_refs p0
write p0 1 b
fork p0 p1
read p1 0 -> a
read p1 1 -> b
write p0 1 c
read p1 1 -> b
