# rules: J3 J16 J5
# Where there is no room, maymove takes the memory to any place that is free.
config ptes=4
mmap p0 0+2 rw
mmap p0 2+1 r
mmap p0 7+57 r
write p0 1 a
mremap p0 0+2 0+4 -> ENOMEM
mremap p0 0+2 0+4 maymove -> @3      # the only place
read p0 4 -> a
read p0 0 -> SIGSEGV
mremap p0 3+4 3+6 maymove -> ENOMEM  # nothing is long enough
read p0 4 -> a
