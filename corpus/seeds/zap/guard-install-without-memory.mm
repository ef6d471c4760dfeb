# rules: I12
# Guard regions need an anon_vma and tables; without memory for them the answer is ENOMEM.
mmap p0 0+16 rw
fail_alloc 1
madvise p0 0+2 guard_install -> ENOMEM
fail_alloc 3
madvise p0 0+2 guard_install -> ENOMEM
read p0 0 -> 0
madvise p0 0+2 guard_install -> ok
fail_alloc 1
madvise p0 7+2 guard_install -> ENOMEM  # the second block has no table
read p0 7 -> SIGSEGV
read p0 8 -> 0
