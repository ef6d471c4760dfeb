//! PMD leaves of lazyfree folios. Linux 6.18.4 drops such a leaf as a whole or leaves it alone (E7); 6.18.44 was seen to
//! split it, and to take or leave its pages. A program that comes to that ends: what follows would be compared with
//! another kernel's state.

use crate::figures::figure;
use crate::folio::state_at;
use crate::linux::Linux;
use mm_ops::{Errno, Observation, PageState, Pid, Vpn};

/// Leaves that are about to be reclaimed.
pub(crate) struct Leaves {
    pages: Vec<(Pid, Vpn)>,
    /// The page tables of each process that has some, in kilobytes.
    tables: Vec<(Pid, u64)>,
}

impl Leaves {
    /// Those at these places of an observation.
    pub(crate) fn at(
        linux: &Linux,
        seen: &Observation,
        places: impl Iterator<Item = usize>,
    ) -> Result<Self, Errno> {
        let is_one = |at: &usize| {
            seen.pages[*at].state == PageState::PageByPmd
                && seen.folios.get(*at).is_some_and(|view| !view.swapbacked)
        };
        let pages = places.filter(is_one).map(|at| (seen.pages[at].pid, seen.pages[at].vpn));
        let pages: Vec<_> = pages.collect();
        let mut pids: Vec<Pid> = pages.iter().map(|(pid, _)| *pid).collect();
        pids.sort_unstable();
        pids.dedup();
        let tables = pids.into_iter().map(|pid| Ok((pid, page_tables(linux, pid)?)));
        Ok(Self { pages, tables: tables.collect::<Result<_, Errno>>()? })
    }

    /// Whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// After the reclaim: none was split. A leaf that goes takes the table along that was kept for its split.
    pub(crate) fn none_was_split(
        &self,
        linux: &Linux,
        after: &Observation,
        what: &str,
    ) -> Result<(), Errno> {
        for (pid, before) in &self.tables {
            let is_gone =
                |(_, vpn): &(Pid, Vpn)| state_at(after, *pid, *vpn) != PageState::PageByPmd;
            let gone = self.pages.iter().filter(|page| page.0 == *pid).any(is_gone);
            if gone && page_tables(linux, *pid)? >= *before {
                let why = "this kernel splits the leaf of a lazyfree folio (E7)";
                return Err(linux.not_driven(format!("{what}: {why}")));
            }
        }
        Ok(())
    }
}

/// What the page tables of a process take, in kilobytes; those that leaves keep for their split count.
fn page_tables(linux: &Linux, pid: Pid) -> Result<u64, Errno> {
    figure(linux, pid, "status", "VmPTE:")
}
