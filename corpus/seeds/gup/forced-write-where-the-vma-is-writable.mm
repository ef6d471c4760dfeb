# rules: D3 D19
# With VM_WRITE there, FORCE changes nothing: the normal write fault gives a writable entry.
mmap p0 0+1 rw
poke p0 0 a -> ok
fail_alloc 1
write p0 0 b -> ok
peek p0 0 -> b
