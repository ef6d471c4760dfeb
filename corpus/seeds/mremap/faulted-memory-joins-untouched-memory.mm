# rules: J5 L10 L2
# An untouched neighbour whose indexes fit takes over the links of what moves there.
config ptes=4
mmap p0 0+4 rw
write p0 2 a
mremap p0 2+2 20+2 maymove fixed -> @20
munmap p0 0+2
mmap p0 4+2 rw
fail_alloc 1
mremap p0 20+2 2+2 maymove fixed -> ENOMEM  # the link
read p0 20 -> a
mremap p0 20+2 2+2 maymove fixed -> @2
read p0 2 -> a
fail_alloc 1
mprotect p0 2+4 r -> ok
swap_out p0 2 -> ok
read p0 2 -> a
