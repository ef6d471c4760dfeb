# certificate: mmdiff 1
#   signature: mechanism entry.flags(uwp) mprotect
#   deletions: 8 tried, none keeps the failure
#   lowerings: 9 tried, none keeps the failure
#   program: 08dd1633cd62da68
config ptes=4
mmap p0 0+1 rw
write p0 0 a
uffd_register p0 0+1 wp
uffd_wp p0 0+1 on
uffd_register p0 0+1 missing
mprotect p0 0+1 w
migrate p0 0 l0
mprotect p0 0+1 rw
