# rules: A7
# Where the huge zero folio may not be used, a first read maps a PMD-sized folio, writable at once.
config huge_zero=off
mmap p0 0+8 rw
thp always=3
read p0 5 -> 0
lock p0 7 l0 -> ok
fail_alloc 1
write p0 2 a -> ok
