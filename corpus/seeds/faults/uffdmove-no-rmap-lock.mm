# rules: K12
config ptes=4
mmap p0 0+1 rw
write p0 0 a
mmap p0 4+1 rw
uffd_register p0 4+1 missing
race walk p0 0 at 0,0,0,end
uffd_move p0 0+1 4
