# rules: J1
# What can be said of the arguments alone is EINVAL, before any memory is looked at.
config ptes=4
mmap p0 0+8 rw
mremap p0 0+4 0+0 -> EINVAL                     # no length
mremap p0 0+4 0+65 maymove -> EINVAL            # longer than the address space
mremap p0 0+4 62+4 maymove fixed -> EINVAL      # reaches beyond it
mremap p0 0+4 16+4 fixed -> EINVAL              # without maymove
mremap p0 0+4 16+4 dontunmap -> EINVAL
mremap p0 0+4 16+6 maymove dontunmap -> EINVAL  # resized
mremap p0 0+4 3+4 maymove fixed -> EINVAL       # overlap
mremap p0 0+0 16+4 maymove fixed -> EINVAL      # nothing to duplicate
mremap p0 0+0 0+4 -> EINVAL
mremap p0 0+4 62+4 -> @0                        # the new address is not looked at
