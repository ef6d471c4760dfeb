# rules: A6 E18
# Where userfaultfd watches no large folio is made, by a fault or from swap.
config ptes=8 swap_device=zram
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 1 b
swap_out p0 0 -> ok
uffd_register p0 0+8 wp -> ok
read p0 0 -> a
lock p0 0 l0
lock p0 1 l1 -> EFAULT          # still swapped out
write p0 4 c
lock p0 5 l1 -> EFAULT
read p0 1 -> b
