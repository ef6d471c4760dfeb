# rules: C4 C16 C17
# A PTE-mapped large folio is shared page by page, without any new page.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 3 b
fork p0 p1
lock p0 1 l0
lock p1 3 l1 -> EAGAIN
read p1 0 -> a
read p1 3 -> b
drop l0
fail_alloc 1
write p1 1 c -> OOM
