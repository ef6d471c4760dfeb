# rules: H5
# Any change of protection makes kind WRITE READ_EXCL: W is lost, the page stays exclusive.
mmap p0 0+4 rw
write p0 0 a
migrate p0 0 l0 -> ok
mprotect p0 0+4 r
mprotect p0 0+4 rw
migrate_copy l0 -> ok
migrate_end l0
fail_alloc 1
write p0 0 b -> ok     # reused: no allocation
read p0 0 -> b
