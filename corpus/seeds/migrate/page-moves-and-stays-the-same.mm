# rules: F1 F2 F3 F6 F7 F8 F10 D17
# A migration in its three steps: to its owner the page is the same, with write bit and exclusivity.
mmap p0 0+4 rw
write p0 0 a
migrate p0 0 l0 -> ok
migrate_copy l0 -> ok
migrate_end l0 -> ok
read p0 0 -> a
fail_alloc 1
write p0 0 b -> ok     # no copy: it is exclusive, and the entry is W
