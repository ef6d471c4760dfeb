//! The areas of the rulebook a run can be narrowed to, and which operations reach each of them.
//! The names are those of `docs/rules` and of the files of the two implementations.

use super::draw::Draw;
use crate::call::Advice;
use crate::kind::OpKind::{self, *};
use crate::text::nearest;
use std::fmt::{Display, Formatter, Result as FmtResult};
use std::str::FromStr;

/// What an area is made of.
struct Area {
    name: &'static str,
    /// Kinds of operation that reach its rules, beyond [`ALWAYS`].
    kinds: &'static [OpKind],
    /// Advice that reaches its rules.
    advice: &'static [Advice],
}

/// Operations without which nothing happens anywhere.
pub(super) const ALWAYS: &[OpKind] = &[Mmap, Write, Read];

const AREAS: [Area; 20] = [
    Area {
        name: "fault",
        kinds: &[Munmap, Madvise, Mlock, Mprotect, Thp, FailAlloc, NumaHint],
        advice: &[
            Advice::DontNeed,
            Advice::HugePage,
            Advice::NoHugePage,
            Advice::PopulateRead,
            Advice::PopulateWrite,
            Advice::GuardInstall,
        ],
    },
    Area {
        name: "cow",
        kinds: &[
            Fork, Exit, Mprotect, Madvise, Pin, Get, Put, VmRead, Thp, FailAlloc, Lock, Isolate,
            Drop,
        ],
        advice: &[Advice::DontNeed, Advice::Free, Advice::HugePage, Advice::PopulateWrite],
    },
    Area {
        name: "fork",
        kinds: &[Fork, Exit, Munmap, Mprotect, Madvise, Pin, Get, Put, DmaWrite, Thp, FailAlloc],
        advice: &[
            Advice::DontFork,
            Advice::DoFork,
            Advice::WipeOnFork,
            Advice::KeepOnFork,
            Advice::HugePage,
            Advice::GuardInstall,
        ],
    },
    Area {
        name: "gup",
        kinds: &[
            Pin, Get, Put, DmaRead, DmaWrite, Peek, Poke, VmRead, VmWrite, Fork, Munmap, Mprotect,
            Madvise, Thp, FailAlloc, Lock, Drop,
        ],
        advice: &[Advice::DontNeed, Advice::HugePage, Advice::GuardInstall],
    },
    Area {
        name: "thp",
        kinds: &[
            Thp, Madvise, Munmap, Mprotect, Mlock, Fork, Exit, Pin, Put, FailAlloc, Lock, Isolate,
            Drop, NumaHint,
        ],
        advice: &[
            Advice::DontNeed,
            Advice::Free,
            Advice::HugePage,
            Advice::NoHugePage,
            Advice::PopulateRead,
            Advice::PopulateWrite,
        ],
    },
    Area {
        name: "protect",
        kinds: &[
            Mprotect, Madvise, Mlock, Munlock, Mseal, Fork, Exit, Pin, Put, Thp, FailAlloc,
            NumaHint, ClearRefs,
        ],
        advice: &[Advice::HugePage, Advice::DontNeed, Advice::GuardInstall],
    },
    Area {
        name: "zap",
        kinds: &[
            Munmap, Madvise, Mlock, Munlock, Mseal, Fork, Exit, Pin, Get, Put, Thp, FailAlloc,
            Lock, Isolate, Drop,
        ],
        advice: &[
            Advice::DontNeed,
            Advice::DontNeedLocked,
            Advice::Free,
            Advice::HugePage,
            Advice::GuardInstall,
            Advice::GuardRemove,
        ],
    },
    Area {
        name: "rmap",
        kinds: &[Fork, Exit, Munmap, Mprotect, Madvise, Mlock, Munlock, FailAlloc],
        advice: &[Advice::DontFork, Advice::DoFork, Advice::HugePage, Advice::NoHugePage],
    },
    Area {
        name: "swap",
        kinds: &[
            SwapOut,
            WriteDone,
            BadSlot,
            Swapoff,
            Swapon,
            DrainLru,
            Madvise,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Mlock,
            Pin,
            Get,
            Put,
            DmaWrite,
            Thp,
            FailAlloc,
            Lock,
            Isolate,
            Drop,
            ClearRefs,
            UffdRegister,
            UffdWp,
        ],
        advice: &[
            Advice::PageOut,
            Advice::WillNeed,
            Advice::Cold,
            Advice::Free,
            Advice::DontNeed,
            Advice::DontFork,
            Advice::HugePage,
        ],
    },
    Area {
        name: "migrate",
        kinds: &[
            Migrate,
            MigrateCopy,
            MigrateEnd,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Pin,
            Get,
            Put,
            DmaWrite,
            Thp,
            FailAlloc,
            Lock,
            Isolate,
            Drop,
            UffdRegister,
            UffdWp,
        ],
        advice: &[Advice::DontNeed, Advice::Free, Advice::HugePage, Advice::DontFork],
    },
    Area {
        name: "split",
        kinds: &[
            Split,
            DeferredScan,
            Khugepaged,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Mlock,
            Pin,
            Get,
            Put,
            Thp,
            FailAlloc,
            Lock,
            Isolate,
            Drop,
        ],
        advice: &[
            Advice::Collapse,
            Advice::DontNeed,
            Advice::Free,
            Advice::HugePage,
            Advice::NoHugePage,
            Advice::GuardInstall,
        ],
    },
    Area {
        name: "mremap",
        kinds: &[
            Mremap,
            RmapWalk,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Mlock,
            Mseal,
            Pin,
            Put,
            DmaRead,
            DmaWrite,
            SwapOut,
            Swapoff,
            Migrate,
            MigrateEnd,
            UffdRegister,
            UffdWp,
            Thp,
            FailAlloc,
            Drop,
        ],
        advice: &[
            Advice::DontNeed,
            Advice::HugePage,
            Advice::Mergeable,
            Advice::GuardInstall,
            Advice::DontFork,
        ],
    },
    Area {
        name: "uffd_move",
        kinds: &[
            UffdMove,
            UffdRegister,
            RmapWalk,
            Mremap,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Pin,
            Put,
            Get,
            DmaRead,
            DmaWrite,
            SwapOut,
            Migrate,
            MigrateEnd,
            Lock,
            Drop,
            Thp,
            FailAlloc,
        ],
        advice: &[Advice::DontNeed, Advice::HugePage, Advice::PopulateRead, Advice::WillNeed],
    },
    Area {
        name: "ksm",
        kinds: &[
            Ksm, KsmZero, Madvise, Fork, Exit, Munmap, Mprotect, Pin, Get, Put, Thp, FailAlloc,
            Lock, Drop, SwapOut,
        ],
        advice: &[Advice::Mergeable, Advice::Unmergeable, Advice::DontNeed, Advice::Collapse],
    },
    Area {
        name: "hwpoison",
        kinds: &[
            Hwpoison,
            SoftOffline,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Pin,
            Get,
            Put,
            Thp,
            Lock,
            Drop,
            SwapOut,
        ],
        advice: &[Advice::DontNeed, Advice::Free, Advice::PopulateRead],
    },
    Area {
        name: "uffd",
        kinds: &[
            UffdRegister,
            UffdUnregister,
            UffdWp,
            UffdCopy,
            UffdZero,
            UffdPoison,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Pin,
            Get,
            Put,
            Thp,
            FailAlloc,
            SwapOut,
        ],
        advice: &[Advice::DontNeed, Advice::Free, Advice::HugePage, Advice::PopulateWrite],
    },
    Area {
        name: "race",
        kinds: &[
            Race,
            SwapOut,
            WriteDone,
            Migrate,
            MigrateCopy,
            MigrateEnd,
            Split,
            Ksm,
            Fork,
            Exit,
            Madvise,
            Munmap,
            Mprotect,
            Mremap,
            NumaHint,
            Put,
            DmaRead,
            DmaWrite,
            Thp,
        ],
        advice: &[
            Advice::Collapse,
            Advice::DontNeed,
            Advice::HugePage,
            Advice::Mergeable,
            Advice::PageOut,
        ],
    },
    Area {
        name: "device",
        kinds: &[
            DevSetup,
            DevEvict,
            DevPages,
            DevFinalize,
            DevExclusive,
            DevRead,
            DevWrite,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Mremap,
            Pin,
            Get,
            Put,
            DmaRead,
            DmaWrite,
            SwapOut,
            Migrate,
            MigrateCopy,
            MigrateEnd,
            Split,
            UffdRegister,
            UffdWp,
            RmapWalk,
            Thp,
            FailAlloc,
            Lock,
            Isolate,
            Drop,
            Race,
        ],
        advice: &[
            Advice::DontNeed,
            Advice::Free,
            Advice::HugePage,
            Advice::Collapse,
            Advice::GuardInstall,
        ],
    },
    Area {
        name: "relocate",
        kinds: &[
            Mremap,
            RmapWalk,
            Race,
            SwapOut,
            WriteDone,
            Swapoff,
            Migrate,
            MigrateCopy,
            MigrateEnd,
            Split,
            Ksm,
            Fork,
            Exit,
            Munmap,
            Mprotect,
            Madvise,
            Pin,
            Get,
            Put,
            DmaRead,
            DmaWrite,
            UffdRegister,
            UffdWp,
            Thp,
            FailAlloc,
            Lock,
            Isolate,
            Drop,
        ],
        advice: &[
            Advice::DontNeed,
            Advice::HugePage,
            Advice::Mergeable,
            Advice::GuardInstall,
            Advice::WillNeed,
        ],
    },
    Area {
        name: "anonmm",
        kinds: &[
            Mremap, RmapWalk, SwapOut, WriteDone, Swapoff, Swapon, Fork, Exit, Munmap, Mprotect,
            Madvise, Mlock, Munlock, Get, Put, DmaRead, DmaWrite, Peek, Poke, FailAlloc, Lock,
            Isolate, Drop, Race,
        ],
        advice: &[Advice::DontNeed],
    },
];

/// Areas that share nothing but what every program needs. Those behind them are parts of one, more
/// closely looked at: whoever asks for everything has them, and draws what was drawn before they were.
const WHOLE: usize = 18;

/// A set of areas. Text form: names with commas between, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Areas(u32);

impl Default for Areas {
    fn default() -> Self {
        Self::ALL
    }
}

impl Areas {
    /// Every area.
    pub const ALL: Self = Self((1 << WHOLE) - 1);

    /// The names of all areas.
    #[must_use]
    pub fn names() -> [&'static str; AREAS.len()] {
        AREAS.map(|area| area.name)
    }

    fn iter(self) -> impl Iterator<Item = &'static Area> {
        AREAS.iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, a)| a)
    }

    /// One or two of these areas, drawn: what needs several operations of one area to come together
    /// rarely happens where all of them are mixed.
    pub(super) fn narrowed(self, draw: &mut (impl Draw + ?Sized)) -> Self {
        let one = |draw: &mut _| {
            let nth = Draw::below(draw, self.0.count_ones());
            let bits = (0..AREAS.len()).filter(|bit| self.0 >> bit & 1 == 1);
            bits.map(|bit| 1 << bit).nth(nth as usize).unwrap_or(self.0)
        };
        Self(one(draw) | if draw.one_in(2) { one(draw) } else { 0 })
    }

    /// Whether somebody asked for an area by this name.
    pub(super) fn has(self, name: &str) -> bool {
        self.iter().any(|area| area.name == name)
    }

    /// Whether operations of this kind reach one of the areas.
    pub(super) fn want(self, kind: OpKind) -> bool {
        self == Self::ALL
            || ALWAYS.contains(&kind)
            || self.iter().any(|area| area.kinds.contains(&kind))
    }

    /// Whether this advice reaches one of the areas.
    pub(super) fn want_advice(self, advice: Advice) -> bool {
        self == Self::ALL || self.iter().any(|area| area.advice.contains(&advice))
    }
}

/// A name that is no area's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown area `{name}`; {help}")]
pub struct UnknownArea {
    /// What was given.
    pub name: String,
    /// What could be meant.
    pub help: String,
}

impl FromStr for Areas {
    type Err = UnknownArea;

    fn from_str(text: &str) -> Result<Self, UnknownArea> {
        if text.trim() == "all" {
            return Ok(Self::ALL);
        }
        let names = Self::names();
        let mut areas = Self(0);
        for name in text.split(',').map(str::trim) {
            let Some(bit) = names.iter().position(|known| *known == name) else {
                let help = match nearest(name, &names) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("known are {}, or `all`", names.join(", ")),
                };
                return Err(UnknownArea { name: name.to_owned(), help });
            };
            areas.0 |= 1 << bit;
        }
        Ok(areas)
    }
}

impl Display for Areas {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        if *self == Self::ALL {
            return f.write_str("all");
        }
        let names: Vec<&str> = self.iter().map(|area| area.name).collect();
        f.write_str(&names.join(","))
    }
}
