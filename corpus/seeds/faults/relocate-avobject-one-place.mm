# rules: JR15
config ptes=4 relocate=av_object
mmap p0 0+1 rw
write p0 0 a
race walk p0 0 at 2,2,2,2
mremap p0 0+1 4+1 maymove fixed must_relocate
