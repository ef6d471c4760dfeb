# rules: L8 L9 J9
# A whole table, a leaf: there is no table lock that a walker would wait for, only the root's.
config ptes=4
thp always=2
mmap p0 0+4 rw
write p0 1 a
thp never
mmap p0 4+4 rw
write p0 5 b
race walk p0 1 at 0,0,0,0
mremap p0 0+4 32+4 maymove fixed -> @32
race walk p0 33 at 1,2,3,4
mremap p0 32+4 16+4 maymove fixed -> @16
race walk p0 5 at 1,2,3,4
mremap p0 4+4 20+4 maymove fixed -> @20
race walk p0 21 at 0,1,1,2
mremap p0 20+4 4+4 maymove fixed -> @4
race walk p0 5 at end,end,end,end
mremap p0 4+4 24+4 maymove fixed -> @24
read p0 17 -> a
read p0 25 -> b
