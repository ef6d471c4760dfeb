# rules: F3 Q1
# The unmapping of the split leaves a HWPOISON entry: when signals are sent nothing maps the page.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
hwpoison p0 1 -> ok
read p0 1 -> SIGBUS
read p0 0 -> a
