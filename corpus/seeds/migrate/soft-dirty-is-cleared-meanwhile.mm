# rules: Z4 F8
# Clearing soft-dirty reaches MIGRATION entries; kind WRITE stays.
config soft_dirty=on
mmap p0 0+4 rw
write p0 0 a
migrate p0 0 l0 -> ok
clear_refs p0
migrate_end l0
write p0 0 b -> ok
