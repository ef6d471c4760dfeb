# rules: J1
# The VMA at the start: there must be one, unsealed; the range must lie in it unless nothing new is mapped.
config ptes=4
mmap p0 4+4 rw
mmap p0 12+4 rw
mseal p0 12+4
mremap p0 0+4 0+4 -> EFAULT
mremap p0 0+8 20+6 maymove fixed -> EFAULT
mremap p0 12+4 12+4 -> EPERM
mremap p0 12+4 12+2 -> EPERM
mremap p0 12+4 20+6 maymove fixed -> EPERM
mremap p0 4+6 4+8 maymove -> EFAULT
mremap p0 4+6 20+8 maymove fixed -> EFAULT
mremap p0 4+6 20+6 maymove dontunmap -> EFAULT
mremap p0 4+6 4+6 -> @4                         # nothing new is mapped
mremap p0 4+7 4+3 -> @4                         # nor here: the tail goes, holes and all
read p0 7 -> SIGSEGV
read p0 6 -> 0
