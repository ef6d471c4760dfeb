# rules: M5
# Entries of swap and of the zero page move without a look at any page; an empty place takes no table.
config rmap=anonmm
mmap p0 0+3 rw
write p0 0 a
read p0 1 -> 0
fork p0 p1
swap_out p0 0
mremap p1 0+3 8+3 maymove fixed -> @8
read p1 9 -> 0
read p1 8 -> a
read p0 0 -> a
mmap p0 4+2 rw
fail_alloc 2
mremap p0 4+2 16+2 maymove fixed -> @16  # the VMA is all that is allocated
