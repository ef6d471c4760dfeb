# rules: H5
# The NUMA scanner makes no hint of a MIGRATION entry, but downgrades it like any change of protection.
mmap p0 0+4 rw
write p0 0 a
migrate p0 0 l0 -> ok
numa_hint p0 0+4
migrate_end l0
fail_alloc 1
write p0 0 b -> ok
