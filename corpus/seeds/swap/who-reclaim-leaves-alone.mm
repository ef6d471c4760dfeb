# rules: E1
# No folio, an isolated one, a locked one, a pinned one.
mmap p0 0+4 rw
swap_out p0 1 -> EFAULT
write p0 1 a
isolate p0 1 l0 -> ok
swap_out p0 1 -> EAGAIN
swap_out p0 1 l0 -> EBUSY  # the token is in use
drop l0
lock p0 1 l0 -> ok
swap_out p0 1 -> EAGAIN
drop l0
pin p0 1 rw h0 -> 1
swap_out p0 1 -> EBUSY
put h0
swap_out p0 1 -> ok
