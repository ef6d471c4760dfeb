//! What is known of programs that showed an event for the first time: how many of their operations it
//! took. libFuzzer keeps whole inputs; the mutator goes on from where there was something to see.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

thread_local! {
    /// By input. No more are added than there are kinds of event.
    static KNOWN: RefCell<BTreeMap<Vec<u8>, usize>> = const { RefCell::new(BTreeMap::new()) };
    /// Whether the mutator made anything in this process.
    static MUTATING: Cell<bool> = const { Cell::new(false) };
}

/// Notes a program that showed something new within its first `steps` operations.
pub(crate) fn note(input: &[u8], steps: usize) {
    KNOWN.with_borrow_mut(|known| known.insert(input.to_vec(), steps));
}

/// How many operations of a program showed something new, if any did.
pub(crate) fn novel_steps(input: &[u8]) -> Option<usize> {
    KNOWN.with_borrow(|known| known.get(input).copied())
}

/// Called by the mutator: from now on inputs are its own.
pub(crate) fn mutating() {
    MUTATING.set(true);
}

/// Whether inputs are the mutator's. What a corpus is begun with, or a merge looks at, is not: there
/// libFuzzer alone says what is kept.
pub(crate) fn is_mutating() -> bool {
    MUTATING.get()
}
