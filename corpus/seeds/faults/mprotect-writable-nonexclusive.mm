# rules: H4
# mprotect to read-only and back gives no write access to a shared page.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
mprotect p0 0+1 r
mprotect p0 0+1 rw
write p0 0 b
read p1 0 -> a
