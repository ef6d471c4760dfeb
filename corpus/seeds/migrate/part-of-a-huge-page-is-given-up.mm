# rules: G1 I4 F8
# A partial unmap splits the PMD MIGRATION entry; what is left comes back as PTEs, and the folio is partially mapped.
mmap p0 0+8 rw
thp always=3
write p0 0 a
write p0 7 b
migrate p0 0 l0 -> ok
madvise p0 2+2 dontneed
migrate_end l0
read p0 0 -> a
read p0 2 -> 0
read p0 7 -> b
