# rules: L8 L9 G8
# A folio that is split is the folio of its first page afterwards; meanwhile its root is locked.
config ptes=8
thp always=2
mmap p0 0+8 rw
write p0 0 a
write p0 5 b
race walk p0 1 at end,end,end,end
split p0 0 order=0 -> ok
race walk p0 5 at 1,2,3,4
split p0 5 order=0 -> ok
read p0 0 -> a
read p0 5 -> b
