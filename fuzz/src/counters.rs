//! The semantic features as libFuzzer's extra counters: which rules fired in which states. libFuzzer
//! clears them before each input and takes every one that is not zero for coverage.

use mm_diff::engine::{FACTS, Happening};
use std::sync::atomic::{AtomicU8, Ordering};

/// Number of counters. There are more features than that on paper, fewer in fact; two that fall on one
/// counter cost a little guidance and nothing else. libFuzzer looks at all of them after each input.
const COUNTERS: usize = 1 << 16;

/// libFuzzer finds the counters by the name of their section.
#[allow(
    unsafe_code,
    reason = "a section of another name or content would be misread; this is right"
)]
// SAFETY: the section is libFuzzer's for plain bytes that count, and AtomicU8 is such a byte.
#[unsafe(link_section = "__libfuzzer_extra_counters")]
#[used]
static EXTRA: [AtomicU8; COUNTERS] = [const { AtomicU8::new(0) }; COUNTERS];

/// Marks an event with the facts it happened under.
pub(crate) fn count(happening: Happening, facts: u128) {
    let first = happening.row() * FACTS;
    let mut left = facts;
    while left != 0 {
        let number = first + left.trailing_zeros() as usize;
        left &= left - 1;
        // Neighbouring features are likely to be seen together, so they are spread.
        let spread = (number as u32).wrapping_mul(0x9e37_79b1) >> (32 - COUNTERS.trailing_zeros());
        // A load and a store, no read-modify-write: there is one thread.
        EXTRA[spread as usize].store(1, Ordering::Relaxed);
    }
}
