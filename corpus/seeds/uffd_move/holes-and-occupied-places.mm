# rules: K3 K10
# What is missing stops the move unless holes are allowed; what is occupied always does. The pages before count.
config ptes=4
mmap p0 0+4 rw
mmap p0 20+8 rw
uffd_register p0 20+8 missing
uffd_move p0 0+1 20 -> ENOENT   # not even a page table
write p0 0 a
write p0 2 b
uffd_move p0 0+4 20 -> 1
read p0 20 -> a
uffd_move p0 1+1 21 -> ENOENT
uffd_move p0 2+2 20 -> EEXIST
uffd_move p0 1+3 21 holes -> 3
read p0 22 -> b
uffd_move p0 0+4 24 holes -> 4  # all hole
uffd_copy p0 25 c -> ok
uffd_move p0 0+4 24 holes -> 1
