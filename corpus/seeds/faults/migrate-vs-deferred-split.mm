# rules: F7
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
migrate p0 0 l0
migrate_copy l0
