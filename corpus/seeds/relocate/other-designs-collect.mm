# rules: JR11 JR15 JR3 JR9
# Other ways to the same end: what comes of them is what comes of the first.
config ptes=8 relocate=collect
thp always=2,3
mmap p0 0+24 rw
write p0 1 a
thp always=2
write p0 9 b
write p0 13 c
thp never
write p0 17 d
write p0 18 e
swap_out p0 18 l0 -> ok
mmap p0 48+1 rw
write p0 48 f
mremap p0 0+24 49+24 maymove fixed must_relocate -> @49
read p0 50 -> a
read p0 58 -> b
read p0 62 -> c
read p0 66 -> d
read p0 67 -> e
write_done l0 -> ok
rmap_walk p0 50 -> p0
rmap_walk p0 62 -> p0
rmap_walk p0 67 -> p0
fail_alloc 1
mprotect p0 48+25 r -> ok
mprotect p0 48+25 rw
lock p0 66 l1
mremap p0 49+24 80+24 maymove fixed must_relocate -> EFAULT
rmap_walk p0 50 -> p0
mremap p0 49+24 80+24 maymove fixed relocate -> @80
drop l1
swap_out p0 98 -> ok
read p0 81 -> a
read p0 93 -> c
read p0 97 -> d
read p0 98 -> e
