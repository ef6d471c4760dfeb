# rules: N9 I2
# munmap between the phases: nothing is restored, both pages are freed.
config dev_mem=2
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_setup d0 p0 0+2 l0 system -> 2
munmap p0 0+1
dev_pages l0 device -> 2
madvise p0 1+1 dontneed
dev_finalize l0
read p0 0 -> SIGSEGV
read p0 1 -> 0
dev_setup d0 p0 2+2 l0 system -> 2
dev_pages l0 device -> 2
dev_finalize l0
