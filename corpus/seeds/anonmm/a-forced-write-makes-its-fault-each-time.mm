# rules: M8 M15
# No bit says that a page is exclusive: each forced write asks the reuse test, and copies where somebody holds the page.
config rmap=anonmm
mmap p0 0+1 r
poke p0 0 a
poke p0 0 b
get p0 0 r h0
poke p0 0 c
dma_read h0 0 -> b
read p0 0 -> c
