# rules: Q1 Q6
# A hole is faulted in by the look-up: it is a zero page.
mmap p0 0+4 rw
hwpoison p0 0 -> EBUSY
soft_offline p0 1 -> EBUSY
read p0 0 -> 0
hwpoison p0 60 -> EFAULT
mmap p0 8+8 rw
thp always=3
hwpoison p0 8 -> EHWPOISON
read p0 8 -> 0
