# rules: A6 S6
# With order 2 enabled one write fault maps the naturally aligned block of four pages, one folio.
mmap p0 0+8 rw
thp always=2
write p0 5 a -> ok
read p0 4 -> 0
lock p0 4 l0 -> ok
lock p0 7 l1 -> EAGAIN  # the same folio
lock p0 3 l1 -> EFAULT  # nothing there
