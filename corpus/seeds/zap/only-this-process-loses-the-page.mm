# rules: I1 I5 C19
# DONTNEED takes this process's mapping only; the other side keeps the page and can reuse it.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
madvise p0 0+1 dontneed
read p0 0 -> 0
read p1 0 -> a
fail_alloc 1
write p1 0 b -> ok
