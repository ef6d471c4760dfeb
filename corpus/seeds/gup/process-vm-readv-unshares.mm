# rules: D19 D5
# process_vm_readv pins, so it unshares the page it reads.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
fail_alloc 1
peek p0 0 -> a          # a plain reference: no copy
fail_alloc 1
vm_read p0 0 -> ENOMEM
vm_read p0 0 -> a
lock p0 0 l0
lock p1 0 l1 -> ok
