# rules: Z1
# The number of entries a table sets the PMD order: with 4 entries a PMD maps a folio of order 2, four pages.
config ptes=4
mmap p0 0+8 rw
thp always=2,3
write p0 1 a
lock p0 3 l0 -> ok
lock p0 0 l1 -> EAGAIN
lock p0 4 l1 -> EFAULT
