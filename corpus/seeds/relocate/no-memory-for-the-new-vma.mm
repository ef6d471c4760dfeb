# rules: JR1 JR12
# A VMA, an anon_vma, a link: without them there is no relocation, and the ordinary move asks for its own.
config ptes=4
mmap p0 0+4 rw
write p0 1 a
fail_alloc 1
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
fail_alloc 2
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
fail_alloc 3
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
fail_alloc 1
mremap p0 0+4 20+4 maymove fixed relocate -> @20
read p0 21 -> a
fail_alloc 2
mremap p0 20+4 40+4 maymove fixed relocate -> @40
fail_alloc 3
mremap p0 40+4 20+4 maymove fixed relocate -> @20
read p0 21 -> a
rmap_walk p0 21 -> p0
mremap p0 20+4 0+4 maymove fixed relocate -> @0           # this merges with nothing: it is relocated
read p0 1 -> a
