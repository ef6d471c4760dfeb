# rules: H11 L9
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
race walk p0 0 at 0,0,0,1
numa_hint p0 0+4
