# rules: L11
# A munmap refused for a seal behind has already split the first mapping, so a block across the cut takes no large folio.
config ptes=64
thp always=2
mmap p0 0+16 rw
mseal p0 8+1
munmap p0 2+10 -> EPERM
write p0 0 a
lock p0 0 l0 -> ok
lock p0 1 l1 -> EFAULT
