# certificate: mmdiff 1
#   signature: outcome EBUSY/ok swap_out
#   deletions: 7 tried, none keeps the failure
#   lowerings: 16 tried, none keeps the failure
#   program: e2d380e19b071811
config ptes=4
thp always=2
mmap p0 0+4 rw
get p0 0 rw h0
hwpoison p0 0
put h0
madvise p0 0+1 free
swap_out p0 0
