# rules: N12
# dev_thp: a part is unmapped; what is left comes back page by page.
config dev_thp=on
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 5 b
dev_setup d0 p0 0+8 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
munmap p0 0+4
dev_read d0 p0 5 -> b
read p0 5 -> b
read p0 4 -> 0
read p0 0 -> SIGSEGV
