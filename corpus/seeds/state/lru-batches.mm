# rules: S14 B6 I6
# With batches a fresh page waits for the LRU with a reference more; whoever needs it alone drains them.
config lru_batch=on
mmap p0 0+4 rw
write p0 1 a
isolate p0 1 l0 -> EAGAIN  # not on the LRU yet
drain -> ok
isolate p0 1 l0 -> ok
drop l0
write p0 2 b
fork p0 p1
exit p1
fail_alloc 1
write p0 2 c -> ok         # B6 drains, and finds itself alone
madvise p0 2+1 free -> ok
swap_out p0 2 -> ok        # reclaim drains first: lazyfree, and gone
read p0 2 -> 0
