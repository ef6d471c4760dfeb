# rules: I11 L10 L11
# Fork advice splits and merges VMAs; a split that fails for want of memory is EAGAIN.
mmap p0 0+4 rw
write p0 0 a
fail_alloc 1
madvise p0 1+2 dontfork -> EAGAIN
madvise p0 1+2 dontfork -> ok
fork p0 p1
read p1 1 -> SIGSEGV
read p1 3 -> 0
madvise p0 1+2 dofork -> ok
fail_alloc 1
mprotect p0 0+4 r -> ok            # one VMA again
