//! A simulated process: an interpreter of the verbs in its slot. It decides nothing; what an
//! operation of a program means is the driver's knowledge ([`crate::ops`]).
//!
//! It runs in a copy of the driver of which only one thread is left, and which gave most of its
//! memory back: nothing here may allocate, take a lock, or panic.

use crate::access::copy_words;
use crate::channel::{Shared, Slot, Verb};
use crate::page::{PAGE_SIZE, PAGE_WORDS, checked_word};
use crate::sys;
use std::sync::atomic::{AtomicU64, Ordering};

/// [`Verb::Faults`]: the store was refused.
pub(crate) const FAULTS_REFUSED: u64 = 2;

/// The life of the process of a slot, in the copy that `fork` made. Ends with [`Verb::Exit`], or
/// with the server.
pub(crate) fn run(shared: &Shared, slot: usize) -> ! {
    // A forked process has no parent-death signal; the server may have died before it was set.
    let _ = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64);
    if sys::parent() != shared.server_pid.load(Ordering::Relaxed) {
        sys::exit(1);
    }
    let mut me = slot;
    loop {
        let slot = &shared.procs[me];
        let answer = match slot.wait() {
            Some(Verb::Syscall) => system_call(slot),
            Some(Verb::Load) => signal(access(slot.page.as_ptr() as u64, slot.arg(0))),
            Some(Verb::Store) => signal(access(slot.arg(0), slot.page.as_ptr() as u64)),
            Some(Verb::Scan) => scan(slot),
            Some(Verb::Faults) => faults(slot),
            Some(Verb::Fork) => {
                // Before the fork: the slot is the parent's, which may be at its next request
                // when the copy begins to run.
                let child = slot.arg(0) as usize;
                // SAFETY: the copy goes on in this very loop, which keeps to what a copy may do.
                match unsafe { sys::fork(true) } {
                    Ok(0) => {
                        me = fork_child(shared, child);
                        continue;
                    }
                    forked => number(forked),
                }
            }
            _ => sys::exit(0),
        };
        sys::drain_lru(shared.idle_page.load(Ordering::Relaxed));
        slot.reply(answer);
    }
}

/// The first moments of a forked process; answers its slot.
fn fork_child(shared: &Shared, slot: usize) -> usize {
    let _ = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64);
    if sys::parent() != shared.server_pid.load(Ordering::Relaxed) {
        sys::exit(1);
    }
    slot
}

fn system_call(slot: &Slot) -> i64 {
    let args = [1, 2, 3, 4, 5, 6].map(|index| slot.arg(index));
    // SAFETY: the driver names only addresses of the arena, of which Rust knows nothing in this
    // process, and of the slot's scratch area, which is made of atomics.
    number(unsafe { sys::call(slot.arg(0) as i64, args) })
}

fn number(result: sys::SysResult) -> i64 {
    result.unwrap_or_else(|errno| -i64::from(errno))
}

fn signal(result: Result<(), i32>) -> i64 {
    result.err().map_or(0, i64::from)
}

/// Copies a page between the slot and the arena.
fn access(to: u64, from: u64) -> Result<(), i32> {
    // SAFETY: one side is the slot's page, which is page-aligned and valid; the other is a page of
    // the arena, and the server installed the handler before it forked.
    unsafe { copy_words(to, from, PAGE_WORDS) }
}

/// [`Verb::Scan`].
fn scan(slot: &Slot) -> i64 {
    let whole = slot.arg(1) != 0;
    for entry in &slot.list[..slot.arg(0) as usize] {
        let address = entry.load(Ordering::Relaxed);
        let words = if whole { PAGE_WORDS } else { 1 };
        // SAFETY: as in `access`.
        let word = match unsafe { copy_words(slot.page.as_ptr() as u64, address, words) } {
            Ok(()) if whole => checked_word(slot.page.iter().map(load)),
            Ok(()) => load(&slot.page[0]),
            Err(_) => u64::MAX,
        };
        entry.store(word, Ordering::Relaxed);
    }
    0
}

fn load(word: &AtomicU64) -> u64 {
    word.load(Ordering::Relaxed)
}

/// [`Verb::Faults`]: writes back word 0 of each page and watches the fault counter.
fn faults(slot: &Slot) -> i64 {
    for entry in &slot.list[..slot.arg(0) as usize] {
        let address = entry.load(Ordering::Relaxed) & !(PAGE_SIZE - 1);
        let word = slot.page.as_ptr() as u64;
        // SAFETY: as in `access`. The word goes back where it came from.
        let (stored, taken) = unsafe {
            let loaded = copy_words(word, address, 1);
            // Asked twice, because the first answer may itself fault a page of the stack in.
            sys::minor_faults();
            let before = sys::minor_faults();
            let stored = loaded.and_then(|()| copy_words(address, word, 1));
            (stored, sys::minor_faults() - before)
        };
        let verdict = if stored.is_err() { FAULTS_REFUSED } else { u64::from(taken > 0) };
        entry.store(verdict, Ordering::Relaxed);
    }
    0
}
