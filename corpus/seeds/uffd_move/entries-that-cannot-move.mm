# rules: K9
# Migration is waited for, and here in vain; markers and poison are EFAULT.
config ptes=4 uffd=unpopulated
mmap p0 0+4 rw
mmap p0 20+4 rw
uffd_register p0 20+4 missing
write p0 0 a
write p0 1 b
hwpoison p0 1
madvise p0 2+1 guard_install
migrate p0 0 l0
uffd_move p0 0+1 20 -> EINTR
uffd_move p0 1+1 20 -> EFAULT
uffd_move p0 2+1 20 -> EFAULT
migrate_end l0
uffd_register p0 0+4 both
uffd_poison p0 3
uffd_move p0 3+1 20 -> EFAULT
uffd_move p0 0+4 20 -> 1
