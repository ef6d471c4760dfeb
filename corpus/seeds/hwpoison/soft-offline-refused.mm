# rules: Q6
# A reference, an isolation, no memory: the page stays.
mmap p0 0+4 rw
write p0 0 a
get p0 0 r h0
soft_offline p0 0 -> EBUSY
put h0
pin p0 0 rw h0
soft_offline p0 0 -> EBUSY
put h0
isolate p0 0 l0
soft_offline p0 0 -> EBUSY
drop l0
fail_alloc 1
soft_offline p0 0 -> EBUSY
soft_offline p0 0 -> ok
read p0 0 -> a
