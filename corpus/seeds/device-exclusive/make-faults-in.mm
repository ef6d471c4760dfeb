# rules: O1 O3
# make_device_exclusive, get_user_page_vma_remote: the page is faulted in, writable.
mmap p0 0+8 rw
dev_exclusive d0 p0 0 l0 -> ok
read p0 1 -> 0
dev_exclusive d0 p0 1 l1 -> ok
drop l0
drop l1
dev_write d0 p0 0 a
dev_write d0 p0 1 b
read p0 0 -> a
read p0 1 -> b
