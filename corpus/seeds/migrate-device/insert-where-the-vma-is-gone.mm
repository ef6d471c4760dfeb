# rules: N8 N9
# Memory was unmapped, or its process ended, between setup and pages: there is no place to insert.
mmap p0 0+8 rw
mmap p0 16+4 rw
fork p0 p1
dev_setup d0 p0 0+4 l0 -> 4
dev_setup d1 p1 0+4 l1 -> 4
munmap p0 0+2
exit p1
fork p0 p1
dev_pages l0 device -> 2
dev_pages l1 device -> 0
dev_finalize l0
dev_finalize l1
dev_read d0 p0 0 -> EFAULT
dev_write d0 p0 2 a
read p0 2 -> a
read p1 2 -> 0
