# rules: H4 H2
# PROT_NONE makes entries without access; page, content and sharing stay.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
mprotect p0 0+1 none
read p0 0 -> SIGSEGV
lock p0 0 l0 -> ok
lock p1 0 l1 -> EAGAIN
mprotect p0 0+1 r
read p0 0 -> a
