# rules: L8 L9 J9 G2
# A leaf that moves to a place it does not fit becomes PTEs on the way; the folio is mapped throughout.
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 1 a
race walk p0 1 at 0,0,0,0
mremap p0 0+4 21+4 maymove fixed -> @21
race walk p0 22 at 1,2,3,4
mremap p0 21+4 32+4 maymove fixed -> @32
race walk p0 33 at 3,4,5,6
mremap p0 32+4 9+4 maymove fixed -> @9
read p0 10 -> a
