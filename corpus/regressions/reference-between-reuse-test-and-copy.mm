# A reference that comes after the test for reuse and before the copy (B6, B9): the batches were drained before it.
config ptes=4 lru_batch=on
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
race get p0 0 r h0 at 0,1,0,0
write p0 0 a
