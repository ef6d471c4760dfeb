# rules: JR6 E24
# Read back while it is being written to a device that wants stable pages, a page is not exclusive,
# though nobody else has it. That is no reason not to relocate it.
config ptes=4 swap_device=stable
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
read p0 1 -> a
mremap p0 0+4 20+4 maymove fixed must_relocate -> @20
read p0 21 -> a
rmap_walk p0 21 -> p0
write_done l0 -> ok
write p0 21 b
read p0 21 -> b
