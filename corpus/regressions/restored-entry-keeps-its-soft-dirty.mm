# certificate: mmdiff 1
#   signature: mechanism entry.flags(sd) madvise.free
#   deletions: 5 tried, none keeps the failure
#   lowerings: 14 tried, none keeps the failure
#   program: 2193e508b696a256
config soft_dirty=on
thp always=2
mmap p0 0+4 rw
write p0 0 a
clear_refs p0
madvise p0 0+1 free
