# rules: E4 E15 Z4
# The soft-dirty bit goes out with the entry and comes back; clear_refs clears it there, too.
config soft_dirty=on
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 -> ok
clear_refs p0 -> ok
read p0 1 -> a        # tracked: not writable
write p0 1 b -> ok
read p0 1 -> b
