//! Who runs beside an operation without taking its locks (rulebook section R).
//!
//! A `race` operation arms an actor for the next operation, as `fail_alloc` arms a failure: dropping
//! it leaves the raced operation alone, so mutators and the minimizer need to know nothing of it.
//! The subject runs the actor's steps at its *yield points*: the i-th step of the actor at the yield
//! point with the i-th number of `at`, counted from 1 over the whole operation; 0 is before the
//! operation does anything. Steps whose point never comes are taken when the operation is over;
//! [`AT_END`] never comes. An actor whose steps are all taken before the operation, or all at
//! [`AT_END`], comes before or after it in real time, too, and nothing else explains it. Nothing here
//! knows where a subject yields.

use crate::ids::{Handle, Pid, Value, Vpn};
use crate::remap::PidSet;
use serde::{Deserialize, Serialize};

/// Most steps an actor takes.
pub const RACE_STEPS: usize = 4;

/// The yield point that never comes: a step at it is taken when the operation is over, and must be
/// explained so. Text `end`.
pub const AT_END: u8 = u8::MAX;

/// An actor without locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Actor {
    /// GUP-fast alone, of one page (D15): text `race pin p0 3 rw h0 at 1,2,3,4` or `race get …`. Its
    /// steps: read the sequence count (pin) and the entry (F0 … F2); take the reference or pin (F3);
    /// look at entry and exclusivity again (F4 … F7); look at the sequence count again (F8). Where
    /// it stops it backs off: no slow path.
    Gup {
        /// Whose memory.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// The name of the result.
        handle: Handle,
        /// FOLL_PIN instead of FOLL_GET.
        pin: bool,
        /// FOLL_WRITE.
        write: bool,
    },
    /// A CPU that reads through the translation it has in its TLB (R2): text `race read p0 3 at 2`.
    /// One step. The translation is made when the raced operation begins, as by a load; if there is
    /// nothing to translate, or a flush came first, the CPU misses.
    Load {
        /// Whose memory.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
    },
    /// The same, writing: text `race write p0 3 a at 2`. The translation is made as by a store, of a
    /// writable entry only, and sets the dirty bit then.
    Store {
        /// Whose memory.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// What is stored.
        value: Value,
    },
    /// An rmap walker that does not hold the folio's lock, as reclaim's look for references (L8, L9,
    /// L18): text `race walk p0 3 at 1,2,3,4`. The folio is the one that [`crate::Op::RmapWalk`] would
    /// name when the raced operation begins; none, or a KSM page: it backs off. Of a folio that is
    /// split it goes on with the piece that has page 0. It takes no reference; a folio that is freed,
    /// or mapped by nobody, ends it. Its steps: read the folio's mapping (w1); see that it is mapped
    /// and try the lock of the root for reading (w2, w3), backing off where it is contended; read the
    /// mapping again (w4, w5), and if it changed begin anew, all at once; walk, and release the lock
    /// (w6). It waits for table locks like anybody: a step that would come while an entry is being
    /// replaced comes afterwards. An operation that wants the lock for writing waits for a walker that
    /// has it: the walker's other steps come before.
    Walk {
        /// Whose mapping names the folio.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
    },
}

impl Actor {
    /// Whose memory it looks at.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        match self {
            Self::Gup { pid, .. }
            | Self::Load { pid, .. }
            | Self::Store { pid, .. }
            | Self::Walk { pid, .. } => *pid,
        }
    }

    /// Which page it looks at.
    #[must_use]
    pub const fn page(&self) -> Vpn {
        match self {
            Self::Gup { vpn, .. }
            | Self::Load { vpn, .. }
            | Self::Store { vpn, .. }
            | Self::Walk { vpn, .. } => *vpn,
        }
    }

    /// How many steps it takes.
    #[must_use]
    pub const fn steps(&self) -> usize {
        match self {
            Self::Gup { .. } | Self::Walk { .. } => 4,
            Self::Load { .. } | Self::Store { .. } => 1,
        }
    }
}

impl Actor {
    /// What its step of this number, from 0, does.
    #[must_use]
    pub const fn step_name(&self, step: usize) -> &'static str {
        match (self, step) {
            (Self::Gup { pin: true, .. }, 0) => "reads the sequence count and the entry",
            (Self::Gup { .. }, 0) => "reads the entry",
            (Self::Gup { pin: true, .. }, 1) => "takes its pin",
            (Self::Gup { .. }, 1) => "takes its reference",
            (Self::Gup { pin: true, write: false, .. }, 2) => "looks at the entry and PAE again",
            (Self::Gup { .. }, 2) => "looks at the entry again",
            (Self::Gup { pin: true, .. }, _) => "looks at the sequence count again",
            (Self::Gup { .. }, _) => "is done",
            (Self::Walk { .. }, 0) => "reads the mapping",
            (Self::Walk { .. }, 1) => "takes the lock of the root",
            (Self::Walk { .. }, 2) => "reads the mapping again",
            (Self::Walk { .. }, _) => "walks and unlocks",
            (Self::Load { .. }, _) => "reads through its translation",
            (Self::Store { .. }, _) => "writes through its translation",
        }
    }
}

/// One moment of an operation with an actor beside it, as a subject tells it afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// The operation came to this yield point.
    Yield(&'static str),
    /// The actor took this step ([`Actor::step_name`]).
    Step(&'static str),
    /// The actor's run ended so.
    Ended(ActorEnd),
}

/// How an actor's run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ActorEnd {
    /// GUP-fast backed off, or there was no translation to use: nothing happened.
    BackedOff,
    /// GUP-fast has its page: the handle is open.
    Grabbed,
    /// The CPU read this.
    Loaded(Value),
    /// The CPU wrote.
    Stored,
    /// The walker found an entry of the folio in these processes: nobody, if the last one was gone
    /// when it came to walk.
    Walked(PidSet),
}
