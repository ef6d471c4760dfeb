# rules: J3 L10
# A kernel finding: a VMA with a chain of two links grows as far as one that was never touched, and joins it; one that was
# never touched and grows as far as one with such a chain does not. See docs/kernel-findings.md.
config ptes=4 procs=2
mmap p0 0+2 rw
write p0 0 a
mmap p0 12+2 rw
write p0 12 b
mmap p0 8+2 rw
fork p0 p1                                      # the chains of p1 have two links
mmap p1 4+2 rw
mremap p1 0+2 0+4 -> @0
mremap p1 0+6 20+6 maymove dontunmap -> @20     # one VMA
mremap p1 8+2 8+4 -> @8
mremap p1 8+6 30+6 maymove dontunmap -> EFAULT  # two
mremap p0 8+2 8+4 -> @8
mremap p0 8+6 30+6 maymove dontunmap -> @30     # the chain of p0 has one link
