# rules: B6
# More than three references are refused without looking further.
mmap p0 0+1 rw
write p0 0 a
fork p0 p1
exit p1
get p0 0 r h0
get p0 0 r h1
get p0 0 r h2
fail_alloc 1
write p0 0 b -> OOM
put h0
put h1
put h2
fail_alloc 1
write p0 0 b -> ok
