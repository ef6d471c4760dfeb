# rules: A7 A8
# A read that falls back from the PMD path to the small zero page leaves the anon_vma behind.
config huge_zero=off
mmap p0 0+8 rw
thp always=3
fail_alloc 4
read p0 0 -> 0          # PMD table, anon_vma with its link, then no folio
lock p0 0 l0 -> EFAULT
fail_alloc 3
fork p0 p1 -> ENOMEM
