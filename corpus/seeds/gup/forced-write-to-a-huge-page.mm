# rules: D20 D8
# At PMD level a forced write asks for the exclusivity of the head.
mmap p0 0+8 rw
thp always=3
write p0 0 a
mprotect p0 0+8 r
fail_alloc 1
poke p0 5 b -> ok
lock p0 0 l0
write p0 5 c -> SIGSEGV
read p0 5 -> b
