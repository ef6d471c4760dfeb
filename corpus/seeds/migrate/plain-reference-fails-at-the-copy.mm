# rules: F7 F14
# A plain reference does not hinder the unmapping, but the copy.
mmap p0 0+4 rw
write p0 0 a
get p0 0 r h0 -> 1
migrate p0 0 l0 -> ok
migrate_copy l0 -> EAGAIN
put h0
migrate_copy l0 -> ok
migrate_copy l0 -> EINVAL
migrate_end l0 -> ok
migrate_end l0 -> EBADF
read p0 0 -> a
