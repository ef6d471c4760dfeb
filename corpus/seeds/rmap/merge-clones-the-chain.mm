# rules: L10 L2
# The survivor of a merge without an anon_vma takes over the chain; without memory for the link nothing changes.
mmap p0 0+1 rw
mmap p0 1+1 r
poke p0 1 a
fail_alloc 1
mprotect p0 1+1 rw -> ENOMEM
write p0 1 b -> SIGSEGV
mprotect p0 1+1 rw -> ok
fail_alloc 2
write p0 0 c -> ok            # the anon_vma is there
fail_alloc 1
mprotect p0 0+2 r -> ok
