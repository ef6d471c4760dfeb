# rules: F3
config ptes=4
mmap p0 0+1 rw
pin p0 0 rw h0
migrate p0 0 l0
