# rules: INV14 INV15 INV29 INV30 INV34
# Pages, VMAs and anon_vmas through splits, merges, forks and exits in every order.
mmap p0 0+4 rw
write p0 0 a
mprotect p0 1+1 r
fork p0 p1
write p1 2 b
mprotect p0 1+1 rw
exit p0
mprotect p1 1+1 rw
fork p1 p0
munmap p1 0+1
write p0 0 c
exit p1
read p0 2 -> b
