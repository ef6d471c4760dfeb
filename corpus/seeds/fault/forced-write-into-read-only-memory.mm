# rules: A11 A3 D20
# A forced write gets a page of its own in read-only memory, but the entry never becomes writable.
mmap p0 0+8 r
poke p0 3 a -> ok
read p0 3 -> a
write p0 3 b -> SIGSEGV
poke p0 3 c -> ok
peek p0 3 -> c
