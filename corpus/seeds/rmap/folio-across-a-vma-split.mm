# rules: L11 S22
# A large folio may be mapped by two VMAs of one process after a split; both parts work.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 3 b
mprotect p0 2+2 r
write p0 1 c -> ok
write p0 3 d -> SIGSEGV
lock p0 1 l0
lock p0 2 l1 -> EAGAIN
fork p0 p1
read p1 3 -> b
