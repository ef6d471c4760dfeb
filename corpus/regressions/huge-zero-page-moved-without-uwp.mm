# The write protection of userfaultfd does not go along with a huge zero page (K7), as with any other page that
# UFFDIO_MOVE moves. The running kernel said who was right.
config ptes=4
mmap p0 4+4 rw
thp always=2
read p0 4
uffd_register p0 4+4 wp
uffd_wp p0 4+4 on
mmap p0 0+4 rw
uffd_register p0 0+4 missing
uffd_move p0 4+4 0 -> 4
