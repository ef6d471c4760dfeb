#!/bin/bash -eu
# ClusterFuzzLite wants its script here; there is one for all farms.
exec bash -eu "$SRC/mmdiff/fuzz/oss-fuzz/build.sh"
