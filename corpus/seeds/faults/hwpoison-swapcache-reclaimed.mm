# rules: E1 Q1
config ptes=4
mmap p0 0+1 rw
write p0 0 a
swap_out p0 0 l0
read p0 0 -> a
hwpoison p0 0 -> EINTR
write_done l0
swap_out p0 0 -> EBUSY
read p0 0 -> SIGBUS
