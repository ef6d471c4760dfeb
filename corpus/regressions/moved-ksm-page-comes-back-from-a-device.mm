# A KSM page in a device's memory that was moved comes back with all its mappings (N12, L13).
config ptes=4
mmap p0 0+2 rw
madvise p0 0+2 mergeable
write p0 0 0
write p0 1 0
ksm p0 0 p0 1
dev_setup d0 p0 0+1 l0 system
dev_pages l0 device
dev_finalize l0
mremap p0 0+1 0+2 maymove
pin p0 1 r h0
