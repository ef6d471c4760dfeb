# rules: N12
# MADV_HWPOISON brings the device's page back before it poisons it.
mmap p0 0+8 rw
write p0 0 a
write p0 1 b
dev_setup d0 p0 0+2 l0 system -> 2
dev_pages l0 device -> 2
dev_finalize l0
soft_offline p0 1 -> ok
read p0 1 -> b
hwpoison p0 0
dev_read d0 p0 0 -> EFAULT
read p0 0 -> SIGBUS
