# rules: S1
# An operation of a process that is not alive is ESRCH; an exited name may be used again, fresh.
config procs=2
read p1 0 -> ESRCH
fork p0 p2 -> EAGAIN  # beyond procs
fork p0 p0 -> EEXIST
fork p0 p1 -> ok
exit p1 -> ok
exit p1 -> ESRCH
fork p0 p1 -> ok
