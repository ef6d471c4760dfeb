# rules: A1 S4
# A read of untouched memory maps the zero page: no folio is made, and nothing but tables is allocated.
mmap p0 0+8 rw
fail_alloc 3
read p0 0 -> 0          # a PMD table and a PTE table, no third allocation
lock p0 0 l0 -> EFAULT  # no folio there
fail_alloc 1
read p0 1 -> 0          # not even one
