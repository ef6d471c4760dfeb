# certificate: mmdiff 1
#   signature: outcome EFAULT/EAGAIN ksm
#   deletions: 7 tried, none keeps the failure
#   lowerings: 27 tried, none keeps the failure
#   program: 3b211afbe8c8f93c
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 1 a
mlock p0 0+1
write p0 1 0
madvise p0 0+2 mergeable
ksm p0 0 p0 1
