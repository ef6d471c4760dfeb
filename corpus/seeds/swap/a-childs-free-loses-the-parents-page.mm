# rules: I7 E9 B9
# An unshared copy is clean, though it has content: if a child gives it up, the parent, who did not, loses it.
mmap p0 0+4 rw
write p0 1 a
fork p0 p1
vm_read p0 1 -> a          # a read-only pin: p0 gets a copy of its own, clean
exit p1
fork p0 p2
madvise p2 1+1 free -> ok  # mapped twice, but the folio is not dirty
exit p2
swap_out p0 1 -> ok
read p0 1 -> 0
