# rules: Q1 Q4 F3
# A page that somebody isolated is only marked; whoever takes its entry down later leaves a HWPOISON entry.
mmap p0 0+4 rw
write p0 0 a
isolate p0 0 l0
hwpoison p0 0 -> EBUSY
read p0 0 -> a
drop l0
migrate p0 0 l0 -> ok
read p0 0 -> SIGBUS
migrate_copy l0 -> EAGAIN  # memory failure keeps its reference
migrate_end l0
read p0 0 -> SIGBUS
