# ksmd maps the zero page for what it has not merged yet; a KSM page of zeroes stays one (P3). Found on the live kernel.
config ptes=4
mmap p0 0+2 rw
madvise p0 0+2 mergeable
write p0 0 0
write p0 1 0
ksm p0 1 p0 0
ksm_zero p0 0 -> EAGAIN
