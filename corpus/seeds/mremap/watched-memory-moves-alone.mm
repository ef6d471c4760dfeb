# rules: J2 J14
# Of several VMAs only the first may be watched, and only if there is no other.
config ptes=4
mmap p0 0+2 rw
mmap p0 2+2 r
mmap p0 8+2 rw
uffd_register p0 2+2 missing
write p0 0 a
mremap p0 0+4 20+4 maymove fixed -> EFAULT
read p0 20 -> a
mremap p0 2+3 30+3 maymove fixed -> EFAULT
mremap p0 2+2 30+2 maymove fixed -> @30
read p0 30 -> 0                             # not watched any more
