# rules: I1 I18 G12
# Part of a large folio is zapped as one run: the rest keeps its content and stays writable.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
write p0 2 c
munmap p0 0+2
fail_alloc 1
write p0 3 d -> ok
read p0 2 -> c
mmap p0 0+2 rw
read p0 1 -> 0
