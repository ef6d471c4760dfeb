# rules: D4 D20 B9
# A forced write to read-only memory accepts a read-only entry only if its page is exclusive; a shared one is copied first.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
mprotect p0 0+1 r
mprotect p1 0+1 r
poke p0 0 b -> ok
read p1 0 -> a
fail_alloc 1
poke p0 0 c -> ok        # exclusive now
read p0 0 -> c
write p0 0 d -> SIGSEGV
