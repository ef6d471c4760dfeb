# rules: N4 R33
# Entries that are not exclusive are flushed at the end of the range: nobody reads or writes through an old translation once setup has returned.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
fork p0 p1
write p0 2 c
race write p0 2 d at end
dev_setup d0 p0 0+3 l0 system -> 3
dev_finalize l0
race read p0 1 at 3
dev_setup d0 p0 0+3 l0 system -> 3
dev_finalize l0
read p1 0 -> a
read p0 1 -> b
