# rules: E4 C10
# "do_swap_page() will never stumble over exclusive anonymous pages in the swap cache": forked while
# it is cached, the page is shared by both.
mmap p0 0+4 rw
write p0 0 a -> ok
swap_out p0 0 l0 -> ok
fork p0 p1 -> ok
read p0 0 -> a
read p1 0 -> a
write p0 0 b -> ok
read p1 0 -> a
