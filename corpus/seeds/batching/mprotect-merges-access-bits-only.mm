# rules: BT4 H9
# A run of mprotect may merge young and dirty bits; contents, rights and sharing are those of each entry.
config access_bits=merged
mmap p0 0+4 rw
thp always=2
write p0 0 a
madvise p0 0+4 free        # all clean and old
write p0 2 b               # one of them dirty and young
mprotect p0 0+4 r
mprotect p0 0+4 rw
read p0 2 -> b
fail_alloc 1
write p0 1 c -> ok
