# rules: S13 C7
# A pin of one page makes the whole large folio count as pinned: fork copies every exclusive page of it.
mmap p0 0+4 rw
thp always=2
write p0 0 a
write p0 3 b
pin p0 0 rw h0 -> 1
fork p0 p1
lock p0 3 l0 -> ok
lock p1 3 l1 -> ok   # a folio of its own
lock p1 0 l2 -> ok
read p1 3 -> b
