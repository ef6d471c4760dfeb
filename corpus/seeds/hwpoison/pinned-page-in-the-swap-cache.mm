# rules: Q4 E4
# A pinned exclusive page in the swap cache cannot be unmapped: the signal is forced.
mmap p0 0+4 rw
mmap p0 8+4 rw
write p0 8 b
swap_out p0 8
write p0 0 a
swap_out p0 0
read p0 0 -> a
pin p0 0 r h0
hwpoison p0 0 -> SIGBUS
read p0 0 -> a
put h0
