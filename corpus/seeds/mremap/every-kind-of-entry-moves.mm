# rules: J7
# Zero pages, swapped pages, guards, poison: each is the same at its new place.
config ptes=4 soft_dirty=on
mmap p0 0+8 rw
read p0 0 -> 0
write p0 1 a
swap_out p0 1 -> ok
write p0 2 b
madvise p0 3+1 guard_install
write p0 4 c
hwpoison p0 4
write p0 5 d
migrate p0 5 l0
clear_refs p0
mremap p0 0+7 21+7 maymove fixed -> @21
read p0 21 -> 0
read p0 22 -> a
read p0 23 -> b
read p0 24 -> SIGSEGV
read p0 25 -> SIGBUS
read p0 26 -> BLOCKED
migrate_copy l0 -> ok
migrate_end l0 -> ok
read p0 26 -> d
read p0 27 -> 0
