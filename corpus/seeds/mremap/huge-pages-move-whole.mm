# rules: J9 J6
# A leaf moves as one if both places are those of a block; so does a page table, and a table of tables.
config ptes=4
mmap p0 0+16 rw
thp always=2
write p0 0 a
read p0 4 -> 0
thp never
write p0 9 b
mremap p0 0+8 20+8 maymove fixed -> @20
write p0 21 c -> ok
lock p0 20 l0 -> ok
lock p0 21 l1 -> EAGAIN                     # one folio
drop l0
read p0 24 -> 0
fail_alloc 1
mremap p0 8+4 36+4 maymove fixed -> ENOMEM  # its VMA
mremap p0 8+4 36+4 maymove fixed -> @36
read p0 37 -> b
munmap p0 0+64
mmap p0 16+16 rw
write p0 16 a
write p0 31 b
fail_alloc 3
mremap p0 16+16 48+16 maymove fixed -> @48  # VMA and link: no table is allocated
read p0 63 -> b
