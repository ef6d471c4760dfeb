# rules: F15 G12
# What is split off is not migrated; the page named may have vanished as a page of zeroes.
mmap p0 0+8 rw
thp always=2
write p0 0 a
madvise p0 1+1 dontneed
migrate p0 2 l0 -> EFAULT
migrate p0 0 l0 -> ok
migrate_end l0
read p0 2 -> 0
read p0 0 -> a
