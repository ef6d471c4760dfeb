# rules: BT2 BT16 I18
# A folio that goes in one run is judged on the state after the run: it is freed, never partially mapped.
mmap p0 0+8 rw
thp always=3
write p0 0 a
mprotect p0 7+1 r        # PTE-mapped
mprotect p0 7+1 rw
madvise p0 0+8 dontneed
read p0 0 -> 0
