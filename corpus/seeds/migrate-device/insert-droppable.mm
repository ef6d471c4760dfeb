# rules: N8
# A device's page in a DROPPABLE mapping is as droppable as any.
mmap p0 0+8 rw droppable
dev_setup d0 p0 0+1 l0 -> 1
dev_pages l0 device -> 1
dev_finalize l0
dev_write d0 p0 0 a
read p0 0 -> a
fork p0 p1
read p1 0 -> 0
