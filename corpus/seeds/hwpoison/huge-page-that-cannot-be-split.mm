# rules: Q1 F3 G7
# The page stays mapped, marked; a later split takes it away.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 1 b
get p0 3 r h0
hwpoison p0 1 -> SIGBUS
read p0 1 -> b
hwpoison p0 1 -> SIGBUS   # already poisoned, and mapped
put h0
split p0 0 order=0 -> ok
read p0 1 -> SIGBUS
read p0 0 -> a
