# rules: Q1 E12
# It leaves the swap cache; what is swapped in later comes from the device, and nobody notices.
mmap p0 0+4 rw
write p0 0 a
fork p0 p1
swap_out p0 0
read p1 0 -> a
hwpoison p1 0 -> ok
read p1 0 -> a
read p0 0 -> a
