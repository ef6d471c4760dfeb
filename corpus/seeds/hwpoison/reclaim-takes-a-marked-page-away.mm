# rules: Q1 E1
# Reclaim that meets a marked page does not swap it out: it leaves HWPOISON entries, and the LRU.
mmap p0 0+4 rw
write p0 0 a
isolate p0 0 l0
hwpoison p0 0 -> EBUSY
drop l0
read p0 0 -> a
swap_out p0 0 -> EBUSY
read p0 0 -> SIGBUS
