# rules: N3 N4 N7 N9
# migrate_vma_collect_pmd, is_device_private_entry: the owner takes its page back to ordinary memory.
mmap p0 0+8 rw
write p0 0 a
dev_setup d0 p0 0+1 l0 system -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 b
dev_setup d0 p0 0+1 l0 private -> 1
dev_read d0 p0 0 -> b                # the driver has not copied it yet
dev_pages l0 host -> 1
dev_read d0 p0 0 -> EFAULT
dev_finalize l0
read p0 0 -> b
isolate p0 0 l0 -> ok                # it is on the LRU again
