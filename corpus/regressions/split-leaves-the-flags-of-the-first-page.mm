# A split clears the exclusive bit of pages that nobody maps, but for the first page of the old folio (G10): so
# UFFDIO_MOVE, which asks that page, goes on (K5).
config ptes=8
thp always=3
mmap p0 0+8 rw
write p0 0 a
madvise p0 0+1 dontneed
split p0 1 order=2
mmap p0 8+2 rw
uffd_register p0 8+2 missing
uffd_move p0 0+2 8 holes -> 2
