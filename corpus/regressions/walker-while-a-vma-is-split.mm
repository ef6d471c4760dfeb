# rules: L11 L18
# A VMA is split, and a leaf with it: the trees had both parts, the list of VMAs one, and a walker came in between
# (a panic). The lock of the root is held there.
config ptes=4
mmap p0 0+6 rw
write p0 0 a
mprotect p0 0+4 r
khugepaged p0 0 none=3 swap=0 shared=0
write p0 5 a
race walk p0 5 at 0,1,0,0
mremap p0 2+1 0+2 maymove fixed -> @0
