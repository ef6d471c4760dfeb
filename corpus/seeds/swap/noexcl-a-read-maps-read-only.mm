# rules: E26 E27 B6
# Without the bit in SWAP entries a page that is only read comes back read-only, though nobody else has
# it; the next write finds that out, without a copy.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 -> ok
read p0 1 -> a
fail_alloc 1
write p0 1 b -> ok
read p0 1 -> b
