# rules: Q1 Q3 A10
# A clean page is taken away without a signal; who touches it gets one.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
pin p0 0 r h0
put h0
hwpoison p0 0 -> ok
read p0 0 -> SIGBUS
read p1 0 -> a
