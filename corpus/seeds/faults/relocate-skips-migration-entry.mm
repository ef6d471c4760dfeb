# rules: JR7
config ptes=4
mmap p0 0+1 rw
write p0 0 a
migrate p0 0 l0
mremap p0 0+1 4+1 maymove fixed relocate
migrate_end l0
