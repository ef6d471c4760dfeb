# certificate: mmdiff 1
#   signature: mechanism folios exit
#   deletions: 6 tried, none keeps the failure
#   lowerings: 4 tried, none keeps the failure
#   program: 07763b3651de0cf8
config ptes=4 lru_batch=on
mmap p0 0+1 rw
write p0 0 a
hwpoison p0 0
lock p0 0 l0
madvise p0 0+1 populate_read
exit p0
