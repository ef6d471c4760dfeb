# rules: G2 G5
# mprotect of one page maps the block by PTEs; every page keeps content, write bit and exclusivity.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 5 b
mprotect p0 5+1 r
read p0 5 -> b
write p0 5 c -> SIGSEGV
lock p0 0 l0
lock p0 7 l1 -> EAGAIN   # the folio itself is not split
fail_alloc 1
write p0 7 d -> ok
