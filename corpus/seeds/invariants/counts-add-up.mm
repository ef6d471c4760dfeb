# rules: INV8 INV9 INV10 INV17 INV19 LEAK
# Mappings by PMD and by PTE, references and pins of one folio, taken and dropped in disorder; at the end all is free.
mmap p0 0+8 rw
thp always=3
write p0 0 a
get p0 3+2 r h0
fork p0 p1
mprotect p1 0+2 r
pin p1 4 rw h1
munmap p0 2+4
exit p1
put h0
dma_read h1 0 -> 0
write p0 0 b
exit p0
put h1
