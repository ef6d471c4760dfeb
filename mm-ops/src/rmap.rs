//! The two rmap schemes: which operations each of them knows, and what the older one shows of itself
//! in a snapshot. How a page is found by either is for those who execute programs.

use crate::call::{Advice, GupFlags, Remote};
use crate::ids::Pid;
use crate::op::Op;
use crate::race::Actor;
use crate::remap::MremapFlags;
use serde::{Deserialize, Serialize};

/// How the entries that map an anonymous page are found.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum RmapScheme {
    /// By the VMAs of an anon_vma, and the page's index in them (section L). Text `anon_vma`.
    #[default]
    AnonVma,
    /// By a group of mms, and one user address (section M): the scheme of 2004, and what there was then.
    /// [`Op::exists_in`] says which operations. Text `anonmm`.
    Anonmm,
}

impl Op {
    /// Whether the kernel that this scheme belongs to has this operation. One that it has not is
    /// refused with `ENOSYS`, before anything else is looked at.
    #[must_use]
    pub const fn exists_in(&self, scheme: RmapScheme) -> bool {
        match scheme {
            RmapScheme::AnonVma => true,
            RmapScheme::Anonmm => self.existed_in_2004(),
        }
    }

    const fn existed_in_2004(&self) -> bool {
        match self {
            Self::Munmap { .. }
            | Self::Mprotect { .. }
            | Self::Mlock { .. }
            | Self::Munlock { .. }
            | Self::Fork { .. }
            | Self::Exit { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Put { .. }
            | Self::DmaRead { .. }
            | Self::DmaWrite { .. }
            | Self::FailAlloc { .. }
            | Self::Lock { .. }
            | Self::Isolate { .. }
            | Self::Drop { .. }
            | Self::SwapOut { .. }
            | Self::WriteDone { .. }
            | Self::Swapoff
            | Self::Swapon
            | Self::Drain
            | Self::RmapWalk { .. } => true,
            Self::Mmap { droppable, .. } => !*droppable,
            Self::Madvise { advice, .. } => matches!(advice, Advice::DontNeed),
            Self::Gup { flags, .. } => {
                let GupFlags { pin, longterm, fast, nofault, split_pmd, write: _, force: _ } =
                    *flags;
                !(pin || longterm || fast || nofault || split_pmd)
            }
            Self::Remote { access, .. } => matches!(access, Remote::Peek | Remote::Poke(_)),
            Self::Race { actor, .. } => matches!(actor, Actor::Load { .. } | Actor::Store { .. }),
            Self::Mremap { flags, .. } => {
                let MremapFlags { dontunmap, relocate, must_relocate, maymove: _, fixed: _ } =
                    *flags;
                !(dontunmap || relocate || must_relocate)
            }
            Self::Mseal { .. }
            | Self::Thp { .. }
            | Self::NumaHint { .. }
            | Self::ClearRefs { .. }
            | Self::BadSlot { .. }
            | Self::Migrate { .. }
            | Self::MigrateCopy { .. }
            | Self::MigrateEnd { .. }
            | Self::Split { .. }
            | Self::DeferredScan { .. }
            | Self::Khugepaged { .. }
            | Self::Ksm { .. }
            | Self::KsmZero { .. }
            | Self::Hwpoison { .. }
            | Self::SoftOffline { .. }
            | Self::Uffd { .. }
            | Self::UffdFill { .. }
            | Self::UffdMove { .. }
            | Self::Dev(_) => false,
        }
    }
}

/// A record of the anonmm scheme (M1): one process of the group, or one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnonmmSnap {
    /// Whose; `None` once the process has ended.
    pub pid: Option<Pid>,
    /// One for a live process, one for each page that notes the record; of the head, the first in the
    /// list, one more for every record of the list, itself included.
    pub count: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Program, SwapDevice};

    #[test]
    fn what_came_later_does_not_exist() {
        let program = Program::parse(crate::text::EVERY_FORM).unwrap();
        let all = |scheme| program.steps.iter().filter(move |step| step.op.exists_in(scheme));
        assert_eq!(all(RmapScheme::AnonVma).count(), program.steps.len());
        let kinds = all(RmapScheme::Anonmm).map(|step| step.op.kind().to_string());
        let kinds: std::collections::BTreeSet<String> = kinds.collect();
        for known in ["mremap", "fork", "poke", "swap_out", "swapoff", "race"] {
            assert!(kinds.contains(known), "{known} of {kinds:?}");
        }
        for later in ["pin", "thp", "migrate", "ksm", "vm_read", "uffd_move", "dev_setup"] {
            assert!(!kinds.contains(later), "{later}");
        }
        let get = Program::parse("get p0 3+2 rw h0 force").unwrap().steps[0].op;
        let fast = Program::parse("get p0 3+2 r h0 fast").unwrap().steps[0].op;
        assert!(get.exists_in(RmapScheme::Anonmm) && !fast.exists_in(RmapScheme::Anonmm));
    }

    #[test]
    fn the_old_scheme_has_one_kind_of_device() {
        let config = Config { rmap: RmapScheme::Anonmm, lru_batch: true, ..Config::default() };
        let config = Config { swap_device: SwapDevice::Zram, ..config }.sanitized();
        assert_eq!((config.swap_device, config.lru_batch), (SwapDevice::Plain, false));
        let mut config = Config { soft_dirty: true, ..Config::default() };
        "rmap=anonmm".parse::<crate::text::Settings>().unwrap().lay_over(&mut config);
        assert!(!config.soft_dirty && config.rmap == RmapScheme::Anonmm);
        assert_eq!(config.to_string(), "config rmap=anonmm");
        let program = Program::parse("config rmap=anonmm\nread p0 3\n").unwrap();
        assert_eq!(program.config, config);
        assert_eq!(crate::codec::decode(&crate::codec::encode(&program)), Ok(program));
        let simpler = crate::lower::config_lowerings(&config);
        assert!(simpler.contains(&Config { ptes: config.ptes, ..Config::default() }));
    }
}
