# rules: E26 E27 B9
# The cache keeps a page that is being written: nothing tells that it has one owner, so a write copies it.
config swap_noexcl=on
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
fail_alloc 1
write p0 1 b -> OOM
read p0 1 -> a
write p0 1 b -> ok
write_done l0 -> ok
read p0 1 -> b
