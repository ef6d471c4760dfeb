# rules: J3
# Without a new address: nothing to do, a tail to unmap, or room to grow.
config ptes=4
mmap p0 0+8 rw
write p0 1 a
write p0 6 b
mremap p0 0+8 0+8 -> @0
mremap p0 0+8 0+4 -> @0
read p0 6 -> SIGSEGV
read p0 1 -> a
mremap p0 0+4 0+6 -> @0
read p0 5 -> 0
mmap p0 8+2 r
mremap p0 0+6 0+9 -> ENOMEM   # something is in the way
mremap p0 2+2 2+3 -> ENOMEM   # it does not end where the VMA ends
mremap p0 2+4 2+6 -> @2
mremap p0 8+2 8+57 -> ENOMEM  # the address space ends
