# rules: JR1 JR7
# It will come back by the index that its folio has.
config ptes=4
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
migrate p0 1 l0 -> ok
mremap p0 0+4 20+4 maymove fixed must_relocate -> EFAULT
mremap p0 0+4 20+4 maymove fixed relocate -> @20
migrate_end l0 -> ok                                      # never copied: the page comes back
read p0 20 -> a
read p0 21 -> b
mremap p0 20+4 40+4 maymove fixed must_relocate -> @40
read p0 41 -> b
