# rules: L8 L9 J5 J7
# A page that moves is in one place or the other, and a walker finds it, whenever it comes.
config ptes=4
mmap p0 0+4 rw
write p0 0 a
write p0 1 b
race walk p0 1 at 0,0,0,0
mremap p0 0+4 21+4 maymove fixed -> @21
race walk p0 22 at end,end,end,end
mremap p0 21+4 0+4 maymove fixed -> @0
race walk p0 1 at 1,2,3,4
mremap p0 0+4 21+4 maymove fixed -> @21
race walk p0 22 at 2,3,4,5
mremap p0 21+4 9+4 maymove fixed -> @9
race walk p0 9 at 1,1,2,3
mremap p0 9+2 21+2 maymove fixed -> @21
read p0 21 -> a
read p0 22 -> b
