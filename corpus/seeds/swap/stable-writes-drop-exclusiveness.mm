# rules: E24 E13 B6
# A device that needs stable pages: under writeback a page comes back read-only, and a write copies it.
config swap_device=stable
mmap p0 0+4 rw
write p0 1 a
swap_out p0 1 l0 -> ok
read p0 1 -> a
fail_alloc 1
write p0 1 b -> OOM        # a copy would be needed
write p0 1 b -> ok
write_done l0 -> ok
read p0 1 -> b
