# certificate: mmdiff 1
#   signature: mechanism entry.flags(sd) munmap
#   deletions: 5 tried, none keeps the failure
#   lowerings: 12 tried, none keeps the failure
#   program: 60345d52681c2e30
config ptes=4 soft_dirty=on
thp always=2
mmap p0 0+4 rw
write p0 0 a
clear_refs p0
munmap p0 0+1
