//! What moves pages to another address: the flags of `mremap`, and who was found by an rmap walk.
//! The operations themselves are variants of [`crate::Op`].

use crate::ids::{PROCS_MAX, Pid};
use serde::{Deserialize, Serialize};

/// Flags of `mremap` (J1), each a word of its own in the text.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct MremapFlags {
    /// MREMAP_MAYMOVE.
    pub maymove: bool,
    /// MREMAP_FIXED: exactly to the new address, whatever is mapped there.
    pub fixed: bool,
    /// MREMAP_DONTUNMAP: the source stays mapped, and empty.
    pub dontunmap: bool,
}

/// A set of processes: text `p0,p2`, or `nobody`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct PidSet(u8);

impl PidSet {
    /// Nobody.
    pub const EMPTY: Self = Self(0);

    /// The set with a process more. One beyond the largest process number is no process.
    #[must_use]
    pub const fn with(self, pid: Pid) -> Self {
        if pid.0 < PROCS_MAX { Self(self.0 | 1 << pid.0) } else { self }
    }

    /// Whether the process is one of them.
    #[must_use]
    pub const fn contains(self, pid: Pid) -> bool {
        pid.0 < PROCS_MAX && self.0 >> pid.0 & 1 == 1
    }

    /// The processes, ascending.
    pub fn iter(self) -> impl Iterator<Item = Pid> {
        (0..PROCS_MAX).map(Pid).filter(move |pid| self.contains(*pid))
    }

    /// The nearest legal set: any bits decode to something that can be said.
    pub(crate) const fn sanitized(self) -> Self {
        Self(self.0 & ((1 << PROCS_MAX) - 1))
    }
}

impl FromIterator<Pid> for PidSet {
    fn from_iter<I: IntoIterator<Item = Pid>>(pids: I) -> Self {
        pids.into_iter().fold(Self::EMPTY, Self::with)
    }
}
