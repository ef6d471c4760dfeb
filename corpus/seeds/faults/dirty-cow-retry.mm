# rules: D4 D20
# A forced write never lands in the zero page nor in a page shared with another process.
mmap p0 0+2 r
read p0 0 -> 0
poke p0 1 a
fork p0 p1
poke p0 0 b
poke p0 1 c
read p1 0 -> 0
read p1 1 -> a
read p0 0 -> b
