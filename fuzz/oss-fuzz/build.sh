#!/bin/bash -eu
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite want them: in $OUT a binary for each target,
# with its seed corpus, options and dictionary. `cargo xtask oss-fuzz` runs this script, too.
#
# Runs in the repository's root with the environment of the Rust base builder. What it also looks at:
#   MMDIFF_TARGETS     the targets to build; all by default
#   MMDIFF_FEATURES    features of the fuzz crate: `faults` for a build with planted faults
#   MMDIFF_TARGET_DIR  where to compile; fuzz/target by default
#   MMDIFF_XTASK       the command line, already built

# A line for each target that is built anywhere; xtask/tests/all/farm.rs compares it with the crate.
ALL_TARGETS="lockstep bytes text codec batching minimizer"

targets=${MMDIFF_TARGETS:-$ALL_TARGETS}
target_dir=${MMDIFF_TARGET_DIR:-fuzz/target}
triple=$(rustc -vV | sed -n 's/^host: //p')

for target in $targets; do
    # Only mutations of bytes learn from traced comparisons, and they cost half of the speed.
    case $target in
        bytes | text | codec) compares= ;;
        *) compares=--no-trace-compares ;;
    esac
    cargo fuzz build -O --debug-assertions $compares --target-dir "$target_dir" \
        ${MMDIFF_FEATURES:+--features "$MMDIFF_FEATURES"} "$target"
    cp "$target_dir/$triple/release/$target" "$OUT/"
    cp "fuzz/oss-fuzz/$target.options" "$OUT/"
done

# The seed corpora and dictionaries are made by the project's own tools, built without the farm's flags.
if [ -n "${MMDIFF_XTASK:-}" ]; then
    "$MMDIFF_XTASK" corpus build --zip --out "$OUT"
else
    env -u RUSTFLAGS -u CFLAGS -u CXXFLAGS \
        cargo run --release --package xtask -- corpus build --zip --out "$OUT"
fi
