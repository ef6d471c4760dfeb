# rules: G15 G18
# Limits that permit everything leave the other tests of a collapse.
mmap p0 0+8 rw
write p0 0 a
get p0 0 r h0
khugepaged p0 0 none=8 swap=8 shared=8 -> EAGAIN
put h0
uffd_register p0 0+8 missing
khugepaged p0 0 none=8 swap=8 shared=8 -> EBUSY
uffd_unregister p0 0+8
uffd_register p0 0+8 wp
uffd_wp p0 0+8 on
khugepaged p0 0 none=8 swap=8 shared=8 -> EINVAL
uffd_unregister p0 0+8
khugepaged p0 0 none=8 swap=8 shared=8 -> ok
