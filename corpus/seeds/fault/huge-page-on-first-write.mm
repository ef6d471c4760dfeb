# rules: A7 A14 S5
# A first write to a whole PMD block maps one PMD-sized folio by one PMD entry.
mmap p0 0+8 rw
thp always=3
write p0 5 a -> ok
read p0 0 -> 0
lock p0 0 l0 -> ok
lock p0 7 l1 -> EAGAIN  # the same folio
