# rules: L10 C3 I12
# The VMA 4 ... 5 of p1 is MAYBE_GUARD without an anon_vma. mmap and flag changes merge it with VMAs that are not, in all
# directions; that the whole is MAYBE_GUARD shows in p2, which gets zero pages by fork.
config ptes=4
mmap p0 4+2 rw
madvise p0 4+1 guard_install
madvise p0 4+2 wipeonfork
fork p0 p1
madvise p1 4+2 keeponfork
mmap p1 6+2 rw
mmap p1 2+2 rw
read p1 7 -> 0
read p1 2 -> 0
fork p1 p2
exit p2
mmap p1 12+1 rw
madvise p1 6+7 dontfork -> ENOMEM
madvise p1 6+2 dofork
mmap p1 11+1 rw
madvise p1 11+1 dontfork
madvise p1 11+2 dofork
read p1 11 -> 0
mmap p1 8+3 rw
read p1 12 -> 0
fork p1 p2 -> ok
read p2 12 -> 0
