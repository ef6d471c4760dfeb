//! The memory that the driver shares with the server and the simulated processes, and the futex
//! protocol on it. Whoever owns a slot's turn may touch the rest of the slot; everything is atomic,
//! so that no reference into it can be wrong about what another process does.
//!
//! What the verbs do is in [`crate::process`] and [`crate::family`]; nothing here knows.

use crate::page::PAGE_WORDS;
use crate::sys;
use mm_ops::PROCS_MAX;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, AtomicU64, Ordering};

/// Most pages one [`Verb::Scan`] or [`Verb::Faults`] can carry.
pub(crate) const LIST_MAX: usize = 4096;
/// Words of a slot for structures that system calls read (an iovec, an `io_uring` update).
pub(crate) const SCRATCH_WORDS: usize = 16;

/// The slot waits for a request.
const IDLE: u32 = 0;
/// The driver put a request into the slot.
const REQUEST: u32 = 1;
/// The answer is in the slot.
const DONE: u32 = 2;

/// What a slot's owner is asked to do. Arguments and answer are those of [`Slot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Verb {
    /// Process: the system call `args[0]` with `args[1..]` → its result, negative errno.
    Syscall = 1,
    /// Process: loads the page at `args[0]` into `page` → 0 or the signal.
    Load = 2,
    /// Process: stores `page` at `args[0]` → 0 or the signal.
    Store = 3,
    /// Process: replaces each of the `args[0]` addresses in `list` by word 0 of the page there,
    /// checked as a whole page if `args[1]` is not 0 → 0.
    Scan = 4,
    /// Process: replaces each of the `args[0]` addresses in `list` by 1 if a store there took a
    /// fault, 0 if not, 2 if it was refused → 0.
    Faults = 5,
    /// Process: forks a process for slot `args[0]` → its pid, negative errno.
    Fork = 6,
    /// Process: ends. There is no answer.
    Exit = 7,
    /// Server: ends every process and makes a new one for slot 0 → its pid, negative errno.
    Reset = 8,
    /// Server: waits for the end of process `args[0]` → its wait status, negative errno.
    Reap = 9,
    /// Server: ends process `args[0]` by SIGKILL, then as [`Verb::Reap`].
    Kill = 10,
    /// Server: whether process `args[0]` has ended → 1 or 0, negative errno.
    Ended = 11,
}

impl Verb {
    const ALL: [Self; 11] = [
        Self::Syscall,
        Self::Load,
        Self::Store,
        Self::Scan,
        Self::Faults,
        Self::Fork,
        Self::Exit,
        Self::Reset,
        Self::Reap,
        Self::Kill,
        Self::Ended,
    ];

    fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| *verb as u32 == number)
    }
}

/// One mailbox: of the server or of a simulated process.
#[repr(C, align(4096))]
pub(crate) struct Slot {
    /// A page's words, for [`Verb::Load`] and [`Verb::Store`]. First, so that it is page-aligned.
    pub(crate) page: [AtomicU64; PAGE_WORDS],
    /// Addresses in, words out, for the verbs on many pages.
    pub(crate) list: [AtomicU64; LIST_MAX],
    /// Structures for system calls.
    pub(crate) scratch: [AtomicU64; SCRATCH_WORDS],
    /// Arguments of the verb.
    pub(crate) args: [AtomicU64; 7],
    turn: AtomicU32,
    verb: AtomicU32,
    answer: AtomicI64,
}

/// Everything that is shared. All-zero bytes are a valid value: that is what it starts as.
#[repr(C, align(4096))]
pub(crate) struct Shared {
    /// The server's mailbox.
    pub(crate) server: Slot,
    /// The mailboxes of `p0` … `p3`.
    pub(crate) procs: [Slot; PROCS_MAX as usize],
    /// Process number of the server, for its children to make sure that it still lives.
    pub(crate) server_pid: AtomicI32,
    /// Address of a page that nothing uses, mapped in the server and all its descendants.
    pub(crate) idle_page: AtomicU64,
}

/// Why a request was not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence;

impl Slot {
    /// Driver: makes the mailbox ready for a new owner, whatever the last one left.
    pub(crate) fn clear(&self) {
        self.turn.store(IDLE, Ordering::Release);
    }

    /// Driver: puts a request and does not wait.
    pub(crate) fn post(&self, verb: Verb, args: &[u64]) {
        for (to, from) in self.args.iter().zip(args) {
            to.store(*from, Ordering::Relaxed);
        }
        self.verb.store(verb as u32, Ordering::Relaxed);
        self.turn.store(REQUEST, Ordering::Release);
        sys::futex_wake(&self.turn);
    }

    /// Driver: waits for the answer to what was posted, for at most the given time.
    pub(crate) fn answer(&self, milliseconds: u32) -> Result<i64, Silence> {
        if self.turn.load(Ordering::Acquire) == REQUEST {
            // A signal may end the wait early; the caller waits again, or asks what is wrong.
            sys::futex_wait(&self.turn, REQUEST, Some(milliseconds));
        }
        if self.turn.load(Ordering::Acquire) == DONE {
            Ok(self.answer.load(Ordering::Relaxed))
        } else {
            Err(Silence)
        }
    }

    /// Owner: waits for a request. `None` for a verb that does not exist.
    pub(crate) fn wait(&self) -> Option<Verb> {
        loop {
            let turn = self.turn.load(Ordering::Acquire);
            if turn == REQUEST {
                return Verb::from_number(self.verb.load(Ordering::Relaxed));
            }
            sys::futex_wait(&self.turn, turn, None);
        }
    }

    /// Owner: answers the request.
    pub(crate) fn reply(&self, answer: i64) {
        self.answer.store(answer, Ordering::Relaxed);
        self.turn.store(DONE, Ordering::Release);
        sys::futex_wake(&self.turn);
    }

    /// Argument `index` of the request.
    pub(crate) fn arg(&self, index: usize) -> u64 {
        self.args[index].load(Ordering::Relaxed)
    }

    /// Puts words into the scratch area and tells their address, which is the same in every
    /// process.
    pub(crate) fn scratch(&self, words: &[u64]) -> u64 {
        for (to, from) in self.scratch.iter().zip(words) {
            to.store(*from, Ordering::Relaxed);
        }
        self.scratch.as_ptr() as u64
    }
}
