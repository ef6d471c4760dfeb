# rules: S2
# A mapping has a fixed place: empty, out of the address space and taken places are refused.
config ptes=4
mmap p0 0+0 rw -> EINVAL
mmap p0 60+4 rw -> ok
mmap p0 62+4 rw -> ENOMEM
mmap p0 58+4 rw -> EEXIST
mmap p0 64+1 rw -> ENOMEM
munmap p0 60+4 -> ok
munmap p0 60+4 -> ok       # a hole is fine
read p0 60 -> SIGSEGV
