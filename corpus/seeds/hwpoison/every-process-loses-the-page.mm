# rules: Q1 L7
# All mappings go; only the caller is told.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
hwpoison p1 0 -> SIGBUS
read p0 0 -> SIGBUS
write p0 1 b -> ok
