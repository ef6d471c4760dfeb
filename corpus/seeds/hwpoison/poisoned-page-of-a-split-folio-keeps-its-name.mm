# rules: Q2 F3 G9
# A HWPOISON entry names a page, whatever becomes of its folio.
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
get p0 3 r h0
hwpoison p0 1 -> SIGBUS
put h0
fork p0 p1
madvise p1 2+1 dontneed
madvise p0 2+1 dontneed
deferred_scan 4
read p1 1 -> SIGBUS
read p1 0 -> a
exit p1
read p0 1 -> SIGBUS
