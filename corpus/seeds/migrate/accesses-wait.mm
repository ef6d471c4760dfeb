# rules: A10 A14 F11
# While a migration stands, loads and stores sleep on the folio lock, and GUP does.
mmap p0 0+8 rw
thp always=3
write p0 0 a
mmap p0 8+4 rw
thp never
write p0 8 b
migrate p0 0 l0 -> ok
migrate p0 8 l1 -> ok
read p0 3 -> BLOCKED
write p0 8 c -> BLOCKED
get p0 8 r h0 -> EINTR
pin p0 0 r h0 fast -> EINTR
get p0 8 r h0 nofault -> EFAULT
lock p0 8 l2 -> EFAULT
drop l1 -> EBADF
migrate_end l0
migrate_end l1
read p0 3 -> 0
write p0 8 c -> ok
