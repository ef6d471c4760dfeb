# rules: D3 D2
# In a PROT_NONE mapping a forced read takes the page behind the entry without any fault.
mmap p0 0+1 rw
write p0 0 a
mprotect p0 0+1 none
read p0 0 -> SIGSEGV
fail_alloc 1
get p0 0 r h0 force -> 1
dma_read h0 0 -> a
peek p0 0 -> a
peek p0 1 -> EFAULT
