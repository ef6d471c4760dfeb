# rules: B14 A7
# A write to the huge zero page maps a PMD-sized folio, zeroed, for the whole block.
mmap p0 0+8 rw
thp always=3
read p0 1 -> 0
write p0 3 a -> ok
read p0 2 -> 0
lock p0 0 l0
lock p0 7 l1 -> EAGAIN
