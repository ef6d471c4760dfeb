# rules: E9 Z6
# MAP_DROPPABLE pages go without IO, dirty or not.
mmap p0 0+4 rw droppable
write p0 1 a
swap_out p0 1 -> ok
read p0 1 -> 0
