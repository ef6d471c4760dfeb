# rules: E26 E27 B9
# What needs stable pages elsewhere needs no rule of its own here: a page that is being written is copied.
config swap_device=stable swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
fail_alloc 1
write p0 1 b -> OOM
read p0 1 -> a
write p0 1 b -> ok
write_done l0 -> ok
read p0 1 -> b
