# rules: JR7
# A page that is being written to swap is still in the swap cache: it comes back from there, as what
# it is. Had it kept its index, the next swap-out would not find where it is mapped.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
write p0 2 b
swap_out p0 2 -> ok                                    # this one is on the device alone
swap_out p0 1 l0 -> ok
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
read p0 21 -> a
rmap_walk p0 21 -> p0
write_done l0 -> ok
swap_out p0 21 -> ok
read p0 21 -> a
read p0 22 -> b
