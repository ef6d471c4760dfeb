# rules: E12 E18 E26 E27
# A fresh folio is nobody else's, and yet a read maps it read-only, a large one, too.
config swap_device=sync swap_noexcl=on
mmap p0 0+8 rw
thp always=2
write p0 0 a
write p0 4 b
swap_out p0 0 -> ok
swap_out p0 4 -> ok
read p0 1 -> 0
fail_alloc 1
write p0 1 c -> ok                      # found out by the write
fail_alloc 2
write p0 5 d -> ok                      # exclusive at once
read p0 0 -> a
read p0 1 -> c
read p0 4 -> b
