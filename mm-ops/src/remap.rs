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
    /// MREMAP_RELOCATE_ANON, as proposed (JR1): the pages get the index and anon_vma of their new
    /// place, so that the VMA can merge there; where that cannot be, they move as always.
    pub relocate: bool,
    /// Its variant that must succeed: text `must_relocate`.
    pub must_relocate: bool,
}

impl MremapFlags {
    /// No flag: a change of length in place.
    pub const NONE: Self = Self {
        maymove: false,
        fixed: false,
        dontunmap: false,
        relocate: false,
        must_relocate: false,
    };

    /// Whether pages are to be relocated, in either variant.
    #[must_use]
    pub const fn relocates(self) -> bool {
        self.relocate || self.must_relocate
    }
}

/// Which algorithm MREMAP_RELOCATE_ANON is (JR15): the designs that were discussed and are correct.
/// What was discussed and is not is a fault of the model.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum RelocateDesign {
    /// RA-PIN-CHECK, as the series has it: a folio that looks pinned is not relocated. One walk
    /// rewrites (JR12), a list undoes (JR14).
    #[default]
    PinCheck,
    /// RA-PIN-IGNORE: pins are not looked at.
    PinIgnore,
    /// RA-PMD-FAIL, as the first version of the series: a PMD leaf is not relocated.
    PmdFail,
    /// RA-COLLECT: a first pass lists the folios, a second one locks, looks again and rewrites. What it
    /// comes to is what `PinCheck` comes to.
    Collect,
    /// RA-AV-OBJECT: while pages move, their mapping names an object with the old and the new place, and a
    /// walker visits both. Likewise.
    AvObject,
    /// RA-COMBINED: each table is rewritten and moved before the next. Likewise.
    Combined,
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
