# certificate: mmdiff 1
#   signature: mechanism entry.flags(uwp) hwpoison
#   deletions: 8 tried, none keeps the failure
#   lowerings: 14 tried, none keeps the failure
#   program: 105a38c23c6b79c0
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 0 a
uffd_register p0 0+1 wp
uffd_wp p0 0+1 on
uffd_register p0 0+1 missing
write p0 0 a
hwpoison p0 1
