# rules: D14
# get_user_pages for writing marks a clean folio dirty; plain pin_user_pages does not.
mmap p0 0+2 rw
write p0 0 a
write p0 1 b
madvise p0 0+2 free
get p0 0 rw h0 -> 1
pin p0 1 rw h1 -> 1
read p0 0 -> a
read p0 1 -> b
