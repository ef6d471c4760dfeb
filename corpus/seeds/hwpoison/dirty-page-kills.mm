# rules: Q1 Q3
# A dirty page is lost with its content: the caller gets SIGBUS, later accesses, too.
mmap p0 0+4 rw
write p0 0 a
hwpoison p0 0 -> SIGBUS
read p0 0 -> SIGBUS
write p0 0 b -> SIGBUS
read p0 1 -> 0
