# rules: Q6
# It is out of use already.
mmap p0 0+4 rw
write p0 0 a
isolate p0 0 l0
hwpoison p0 0 -> EBUSY
soft_offline p0 0 -> ok
read p0 0 -> a
