# rules: M1
# Operations that no kernel of 2004 had are refused, before anything else is looked at.
config rmap=anonmm
thp always=2 -> ENOSYS
pin p3 0 rw h0 -> ENOSYS
mmap p0 0+4 rw droppable -> ENOSYS
mmap p0 0+4 rw -> ok
madvise p0 0+4 free -> ENOSYS
madvise p0 0+4 dontneed -> ok
mremap p0 0+4 8+4 maymove dontunmap -> ENOSYS
migrate p0 0 l0 -> ENOSYS
uffd_register p0 0+4 missing -> ENOSYS
vm_read p0 0 -> ENOSYS
get p0 0 r h0 fast -> ENOSYS
