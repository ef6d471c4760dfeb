# rules: S5
# A PMD is a table, a leaf or a huge zero leaf; a leaf becomes a table when part of its block differs.
config ptes=4
mmap p0 0+12 rw
write p0 0 a             # a table
thp always=2
write p0 4 b             # a leaf
read p0 8 -> 0           # a huge zero leaf
mprotect p0 5+1 r
write p0 5 c -> SIGSEGV
write p0 4 c -> ok
read p0 7 -> 0
