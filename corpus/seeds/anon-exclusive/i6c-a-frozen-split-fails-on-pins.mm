# rules: G3 G7
# "In case we fail, we ignore the freeze instruction and simply split ordinarily": the folio of a
# pinned page is not split, and its owner sees what the pin writes.
thp always=3
mmap p0 8+8 rw
write p0 8 a -> ok
pin p0 13 rw h0 -> 1
split p0 8 order=0 -> EAGAIN
dma_write h0 0 b -> ok
read p0 13 -> b
put h0 -> ok
split p0 8 order=0 -> ok
read p0 13 -> b
read p0 8 -> a
