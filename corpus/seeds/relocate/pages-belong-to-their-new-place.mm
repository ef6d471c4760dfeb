# rules: JR3 JR5 JR12 JR13 L10
# Moved as always, memory never becomes one with what it is moved to; relocated it does.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
mmap p0 8+4 rw
write p0 9 b
mmap p0 20+4 rw
write p0 21 c
mremap p0 0+4 16+4 maymove fixed -> @16
fail_alloc 1
mprotect p0 16+8 r -> ok                               # two VMAs, each whole
mprotect p0 16+8 rw
mremap p0 8+4 24+4 maymove fixed must_relocate -> @24
fail_alloc 1
mprotect p0 20+8 r -> ok                               # one VMA, whole
mprotect p0 20+8 rw
fail_alloc 1
mprotect p0 22+4 r -> ENOMEM                           # a part of it
rmap_walk p0 25 -> p0
swap_out p0 25 -> ok
read p0 25 -> b
read p0 17 -> a
read p0 21 -> c
