# rules: A12
# One hint fault rebuilds every protnone entry of the folio in this VMA and table, each by its own exclusivity.
mmap p0 0+4 rw
thp always=2
write p0 0 a
numa_hint p0 0+4
read p0 1 -> 0
write p0 3 b -> ok
read p0 0 -> a
read p0 3 -> b
