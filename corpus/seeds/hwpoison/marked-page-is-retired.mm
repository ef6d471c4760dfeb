# rules: Q2 F3 Q1
# A page that was only marked is not free when its last reference goes: a HWPOISON entry still names it.
mmap p0 0+4 rw
write p0 0 a
lock p0 0 l0
hwpoison p0 0 -> EINTR
drop l0
migrate p0 0 l0 -> ok
migrate_copy l0 -> ok
migrate_end l0
read p0 0 -> SIGBUS
madvise p0 0+4 dontneed
read p0 0 -> 0
