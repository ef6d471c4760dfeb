# rules: J9
# Where nothing is mapped before both starts, and they are congruent, the first table moves whole.
config ptes=4
mmap p0 1+7 rw
write p0 1 a
write p0 5 b
fail_alloc 3
mremap p0 1+7 33+7 maymove fixed -> ENOMEM  # VMA, link, PMD table; no PTE table
fail_alloc 4
mremap p0 1+7 33+7 maymove fixed -> @33
read p0 33 -> a
read p0 37 -> b
