//! The semantic events as libFuzzer's extra counters, one for each: a rule in one of its cases, an
//! answer of a kind of operation, an allocation that failed in one. libFuzzer clears them before each
//! input and takes every one that is not zero for coverage.
//!
//! The facts of the state, by which the embedded engine tells events apart, are left out: with them nearly every
//! second program shows something new, and a corpus of so many guides no better than none (fuzz/README.md
//! has figures).

use mm_diff::engine::{FACTS, FeatureMap, Happening};
use std::sync::atomic::{AtomicU8, Ordering};

/// Number of counters: one for each event, filled up to whole words, as which libFuzzer clears them.
const COUNTERS: usize = (FeatureMap::NUMBERS / FACTS).next_multiple_of(size_of::<usize>());

/// libFuzzer finds the counters by the name of their section.
#[allow(
    unsafe_code,
    reason = "a section of another name or content would be misread; this is right"
)]
// SAFETY: the section is libFuzzer's for plain bytes that count, and AtomicU8 is such a byte.
#[unsafe(link_section = "__libfuzzer_extra_counters")]
#[used]
static EXTRA: [AtomicU8; COUNTERS] = [const { AtomicU8::new(0) }; COUNTERS];

/// Marks an event.
pub(crate) fn count(happening: Happening) {
    // A load and a store, no read-modify-write: there is one thread.
    EXTRA[happening.row()].store(1, Ordering::Relaxed);
}
