# GUP-fast comes between the pin test of a relocation and the move of its only table (JR8): it has the page, and harms nobody.
config ptes=4
mmap p0 4+4 rw
write p0 5 a
race pin p0 5 r h0 at 0,1,0,0
mremap p0 4+4 0+4 maymove fixed must_relocate
