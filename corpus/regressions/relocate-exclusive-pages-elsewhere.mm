# A device has three pages of a folio (dev_exclusive=walk: their entries gave the mappings up), and the fourth moves alone to
# another place. The model counted mappings alone, found all of them in the range, and gave the folio the index of its
# next place, where the three pages are not: they come back by their old index (JR16, O8, O13).
config ptes=4 dev_exclusive=walk
thp always=2
mmap p0 0+4 rw
dev_exclusive d0 p0 0 l0
drop l0
mremap p0 0+1 0+4 maymove -> @4
mremap p0 4+4 8+4 maymove fixed relocate -> @8
read p0 1 -> 0
