# rules: S16 L5 L6
# The grandchild's pages stay usable when the processes whose anon_vmas they hang on are gone.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p0
fork p1 p2
exit p1
read p2 0 -> a
fail_alloc 1
write p2 0 b -> ok
