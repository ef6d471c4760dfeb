# rules: BT15
# mprotect of the first half of a folio leaves the second half alone.
mmap p0 0+4 rw
thp always=2
write p0 0 a
mprotect p0 0+2 r
write p0 2 b -> ok
write p0 1 b -> SIGSEGV
