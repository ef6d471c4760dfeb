# rules: G5 L11
# A VMA boundary inside the block splits the PMD, whatever the change was; afterwards no fault sleeps on the folio lock.
mmap p0 0+8 rw
thp always=3
write p0 0 a
madvise p0 4+4 dontfork
fork p0 p1
lock p0 0 l0
write p0 1 b -> ok       # a PTE copy; at PMD level it would be BLOCKED
read p1 0 -> a
read p1 4 -> SIGSEGV
