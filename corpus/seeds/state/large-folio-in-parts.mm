# rules: S22 C2 C4
# One large folio, partly shared: the pages of a DONTFORK part stay writable, the rest is write-protected.
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+2 dontfork
fork p0 p1
fail_alloc 1
write p0 1 b -> ok
fail_alloc 1
write p0 2 b -> OOM
read p1 0 -> SIGSEGV
read p1 2 -> 0
