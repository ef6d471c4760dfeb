# A large folio in the swap cache is not relocated, even if other entries map it (JR13).
config ptes=4
thp always=2
mmap p0 0+5 rw
write p0 0 a
swap_out p0 0 l0
madvise p0 1+1 dontneed
write p0 0 a
mremap p0 0+4 0+5 maymove must_relocate
