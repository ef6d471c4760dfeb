# rules: Q1 Q6
# The lock of someone else is never released here.
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
lock p0 0 l0
hwpoison p0 0 -> EINTR
lock p0 1 l1
soft_offline p0 1 -> EINTR
read p0 0 -> a
