# rules: D19 D2 D20
# /proc/pid/mem forces its way with plain references, process_vm_readv and writev pin and respect the rights.
mmap p0 0+1 rw
write p0 0 a
mprotect p0 0+1 none
peek p0 0 -> a
vm_read p0 0 -> EFAULT
vm_write p0 0 b -> EFAULT
poke p0 0 b -> ok
mprotect p0 0+1 rw
vm_read p0 0 -> b
vm_write p0 0 c -> ok
read p0 0 -> c
