# rules: A3
# What was written is read.
mmap p0 0+1 rw
write p0 0 a
read p0 0 -> a
