# rules: B17 H4 I6 D13
# mprotect, DONTNEED of a neighbour, MADV_FREE and GUP leave a page exclusive: the write needs no copy under a lock.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+4 free
mprotect p0 0+4 r
mprotect p0 0+4 rw
madvise p0 3+1 dontneed
pin p0 0 r h0
put h0
lock p0 0 l0
fail_alloc 1
write p0 0 b -> ok
