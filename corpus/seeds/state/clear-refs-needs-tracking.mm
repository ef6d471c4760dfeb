# rules: S21
# Without soft-dirty tracking clear_refs is refused.
mmap p0 0+1 rw
write p0 0 a
clear_refs p0 -> EINVAL
