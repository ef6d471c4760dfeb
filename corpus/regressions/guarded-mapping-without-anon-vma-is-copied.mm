# Found by `cargo xtask fuzz --against linux`: the kernel walks the tables of a mapping that ever had guard regions, also
# where it has no anon_vma (C3). See docs/kernel-findings.md.
config ptes=4
mmap p0 0+1 rw
madvise p0 0+1 guard_install
madvise p0 0+1 guard_remove
madvise p0 0+1 wipeonfork
fork p0 p1
exit p0
madvise p1 0+1 keeponfork
read p1 0
fork p1 p0
