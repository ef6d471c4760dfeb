# rules: S19 H1
# A range operation works in ascending order; what lies below the failing page stays changed.
mmap p0 0+2 rw
mmap p0 3+2 rw
mprotect p0 0+5 r -> ENOMEM
write p0 0 a -> SIGSEGV      # below the hole: changed
write p0 3 a -> ok           # above it: not
