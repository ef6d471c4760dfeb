# rules: JR1
# The flags need MAYMOVE, and leave no room for DONTUNMAP; that comes before any other argument.
config ptes=4
mmap p0 0+4 rw
mremap p0 0+4 0+8 relocate -> EINVAL
mremap p0 0+4 0+8 must_relocate -> EINVAL
mremap p0 0+4 20+4 maymove dontunmap relocate -> EINVAL
mremap p0 0+4 20+4 maymove fixed dontunmap must_relocate -> EINVAL
mremap p0 40+4 20+4 maymove fixed relocate -> EFAULT
mremap p0 0+4 0+8 maymove must_relocate -> @0                       # grows where it is: nothing to relocate
mremap p0 0+8 0+4 maymove relocate -> @0
mremap p0 0+4 0+4 maymove must_relocate -> @0
