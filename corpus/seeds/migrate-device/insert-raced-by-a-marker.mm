# rules: N8 N9
# migrate_vma_insert_page, an entry that is neither present nor empty.
mmap p0 0+8 rw
dev_setup d0 p0 0+3 l0 -> 3
madvise p0 0+1 guard_install
write p0 1 a
swap_out p0 1 -> ok
dev_pages l0 device -> 1
dev_finalize l0
read p0 0 -> SIGSEGV
read p0 1 -> a
dev_read d0 p0 2 -> 0
