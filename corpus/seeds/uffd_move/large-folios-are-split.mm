# rules: K5 K7
# A page of a large folio moves alone; the folio is split, and its pages of zeroes become zero pages.
config ptes=4
mmap p0 0+8 rw
mmap p0 20+8 rw
uffd_register p0 20+8 missing
thp always=2
write p0 0 a
write p0 1 b
get p0 0 r h0 -> 1
uffd_move p0 1+1 21 -> EBUSY   # a reference: it cannot be split
put h0
lock p0 0 l0
uffd_move p0 1+1 21 -> EINTR
drop l0
uffd_move p0 1+1 21 -> 1
read p0 21 -> b
read p0 0 -> a
lock p0 0 l0 -> ok
lock p0 2 l1 -> EFAULT         # the zero page
uffd_move p0 2+1 22 -> 1
