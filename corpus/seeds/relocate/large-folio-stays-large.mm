# rules: JR13 JR16
# A folio all of whose pages and mappings move goes as it is, mapped at its new place as it was, even
# if its first page is gone.
config ptes=8
thp always=2
mmap p0 0+16 rw
write p0 4 a
write p0 5 b
write p0 9 c
madvise p0 4+1 dontneed
mmap p0 32+2 rw
write p0 33 d
mremap p0 2+10 34+10 maymove fixed must_relocate -> @34
read p0 37 -> b
read p0 41 -> c
read p0 33 -> d
split p0 37 order=0 -> ok                                # it was large
rmap_walk p0 37 -> p0
swap_out p0 41 -> ok
read p0 41 -> c
fail_alloc 1
mprotect p0 32+12 r -> ok                                # one VMA
