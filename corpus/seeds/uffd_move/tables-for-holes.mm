# rules: K3
# For holes tables are allocated at the source, too.
config ptes=4
mmap p0 0+4 rw
mmap p0 20+4 rw
uffd_register p0 20+4 missing
fail_alloc 3
uffd_move p0 0+4 20 holes -> ENOMEM  # link, anon_vma, the source's PMD table
fail_alloc 1
uffd_move p0 0+4 20 holes -> ENOMEM
fail_alloc 2
uffd_move p0 0+4 20 holes -> ENOMEM  # the destination's
fail_alloc 1
uffd_move p0 0+4 20 holes -> ENOMEM
fail_alloc 2
uffd_move p0 0+4 20 holes -> ENOMEM  # PTE tables
fail_alloc 1
uffd_move p0 0+4 20 holes -> ENOMEM
uffd_move p0 0+4 20 holes -> 4
