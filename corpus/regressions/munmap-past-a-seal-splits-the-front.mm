# Shown by the live kernel (docs/kernel-findings.md): the refused munmap has split the first mapping.
config ptes=64
thp always=2
mmap p0 0+256 rw
mseal p0 222+1
munmap p0 50+206 -> EPERM
write p0 48 c
lock p0 49 l0 -> EFAULT
