# rules: G23
# Where the block is mapped by a table or not at all, a request to split it does nothing and needs no memory.
mmap p0 0+16 rw
write p0 0 a
thp always=3
fail_alloc 5
mprotect p0 4+8 r -> ok  # a VMA and a link for each end, nothing else
read p0 0 -> a
write p0 4 b -> SIGSEGV
