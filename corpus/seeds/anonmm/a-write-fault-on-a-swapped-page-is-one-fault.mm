# rules: M7 M8 M15
# A page that is not exclusive is brought back and copied by one fault: the second allocation is the copy. A forced
# write through GUP relies on that.
config rmap=anonmm
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
swap_out p0 0
fail_alloc 2
write p0 0 b -> OOM
read p0 0 -> a
swap_out p1 0 -> ok
mprotect p0 0+1 r
poke p0 0 c -> ok
read p0 0 -> c
read p1 0 -> a
