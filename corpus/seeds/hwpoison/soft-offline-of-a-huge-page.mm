# rules: Q6 G9 F9
# It is split; a page of zeroes vanishes by that, and nothing is left to migrate.
mmap p0 0+8 rw
thp always=3
write p0 0 a
soft_offline p0 1 -> ok
soft_offline p0 0 -> ok
read p0 0 -> a
read p0 1 -> 0
