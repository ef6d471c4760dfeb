# rules: H2 H4 BT14
# A run that begins behind the head is judged by its own pages: the head being exclusive makes no other page writable.
mmap p0 0+4 rw
thp always=2
write p0 2 a
madvise p0 0+1 dontfork
fork p0 p1
madvise p0 0+1 dofork
mprotect p0 1+3 r
mprotect p0 1+3 rw
write p0 2 b
read p1 2 -> a
