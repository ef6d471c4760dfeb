# rules: I5
# With table reclaim off, and with MADV_FREE in any case, the table stays.
config pt_reclaim=off
mmap p0 0+8 rw
write p0 0 a
thp always=3
madvise p0 0+8 dontneed
write p0 3 b
lock p0 4 l0 -> EFAULT
