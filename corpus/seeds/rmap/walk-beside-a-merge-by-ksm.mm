# rules: L8 L9 L19 P3
# KSM pages have no anon_vma: a walker that comes too late finds none to look at, and comes by no KSM page.
config ptes=4
mmap p0 0+4 rw
madvise p0 0+4 populate_write
madvise p0 0+4 mergeable
race walk p0 0 at 0,0,0,0
ksm p0 0 p0 1 -> ok
race walk p0 2 at end,end,end,end
ksm p0 0 p0 2 -> ok
race walk p0 0 at 0,0,0,0
read p0 0 -> 0
