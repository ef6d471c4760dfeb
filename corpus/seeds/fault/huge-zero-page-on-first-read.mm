# rules: A7 A14 S5
# A first read of a whole PMD block maps the huge zero folio: no page of its own anywhere in the block.
mmap p0 0+8 rw
thp always=3
read p0 5 -> 0
lock p0 5 l0 -> EFAULT
fail_alloc 1
read p0 0 -> 0          # mapped already
write p0 3 a
lock p0 0 l0 -> ok      # a folio for the whole block (B14)
