# rules: S18 A3 B9
# A new entry is writable only where the VMA is, whatever the fault was: a forced copy stays read-only.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
mprotect p0 0+1 r
poke p0 0 b -> ok
write p0 0 c -> SIGSEGV
read p0 0 -> b
read p1 0 -> a
