# rules: F8
# The entry takes the protection of its VMA: a NUMA hint is lost on the way, and with it the write bit.
mmap p0 0+4 rw
write p0 0 a
numa_hint p0 0+4
migrate p0 0 l0 -> ok
migrate_end l0
mprotect p0 0+4 none
migrate p0 0 l0 -> ok
migrate_end l0
mprotect p0 0+4 rw
read p0 0 -> a
