# rules: A3 INV25
# What was written last is read.
mmap p0 0+1 rw
write p0 0 a
write p0 0 b
read p0 0 -> b
