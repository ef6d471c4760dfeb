# rules: L5 I13
# Unlinking goes from the newest anon_vma to the oldest; whatever the order of exits, memory stays right and nothing leaks.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fork p1 p2
exit p1
exit p0
read p2 0 -> a
fork p2 p0
exit p2
read p0 0 -> a
exit p0
