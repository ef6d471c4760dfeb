# rules: JR3 JR12 L2
# Beside an untouched VMA the merge takes a link more. Without it the two stay apart, and that is all.
config ptes=4
mmap p0 0+4 rw
mmap p0 16+4 rw
mmap p0 28+2 rw
write p0 1 a
fail_alloc 5
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
fail_alloc 1
mprotect p0 16+8 r -> ok                                # two VMAs, each whole
mprotect p0 16+8 rw
munmap p0 16+4
mmap p0 16+4 rw
fail_alloc 1
mprotect p0 16+8 r -> ok                                # one VMA
mprotect p0 16+8 rw
mremap p0 20+4 24+4 maymove fixed must_relocate -> @24
read p0 25 -> a
rmap_walk p0 25 -> p0
fail_alloc 1
mprotect p0 24+6 r -> ok                                # one with the untouched VMA behind it
