# rules: E1 Q1
config ptes=8
thp always=2
mmap p0 0+4 rw
write p0 0 a
get p0 1 r h0
hwpoison p0 1 -> SIGBUS
swap_out p0 0 -> EBUSY
read p0 0 -> a
