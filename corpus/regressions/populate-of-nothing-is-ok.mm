# certificate: mmdiff 1
#   signature: outcome ok/ENOMEM madvise.populate_read
#   deletions: 1 tried, none keeps the failure
#   lowerings: 9 tried, none keeps the failure
#   program: 7fba55daf9681042
config ptes=4
madvise p0 65+0 populate_read
