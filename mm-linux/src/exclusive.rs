//! PG_anon_exclusive, which the kernel exports nowhere, read off the faults of stores: a page that is
//! mapped read-only in a writable mapping gets its write bit back from `mprotect` only if it is
//! exclusive (H3), so after "read-only and back" a store takes a fault on every other page. This
//! changes state: it is the last thing done with a program.

use crate::arena::{self, KERNEL_PTES};
use crate::channel::{LIST_MAX, Verb};
use crate::linux::Linux;
use crate::process::FAULTS_REFUSED;
use crate::uffd;
use mm_ops::{Mm, Observation, PROCS_MAX, PageState, PageView, Pid, VmaView, Vpn};
use std::sync::atomic::Ordering;

/// Pages that a PMD maps.
const PMD_PAGES: u32 = KERNEL_PTES as u32;

impl Linux {
    /// For every page of a folio that a process maps where a store is possible: whether it is
    /// exclusive. On pages of sealed mappings, whose rights cannot be changed, a verdict means nothing:
    /// a store that is refused gives none, one that the entry permits says "exclusive". Of a PMD
    /// all pages are as its first one, as the kernel has it (A7).
    pub fn probe_exclusive(&mut self) -> Vec<(Pid, Vpn, bool)> {
        let mut seen = Observation::default();
        self.observe(&mut seen);
        let mut verdicts = Vec::new();
        for pid in (0..PROCS_MAX).map(Pid) {
            for vma in seen.vmas.iter().filter(|vma| vma.pid == pid) {
                uffd::stop_watching(self, vma);
                self.take_rights_and_give_them_back(vma);
            }
            let pages: Vec<&PageView> =
                seen.pages.iter().filter(|page| page.pid == pid && is_probed(page)).collect();
            for pages in pages.chunks(LIST_MAX) {
                self.probe_pages(pid, pages, &mut verdicts);
            }
        }
        spread_over_pmds(&seen, &mut verdicts);
        verdicts
    }

    /// Sealed mappings refuse, and their pages answer for themselves later: the store is refused.
    fn take_rights_and_give_them_back(&self, vma: &VmaView) {
        let start = arena::address(vma.start);
        let length = arena::address(vma.end) - start;
        // A locked mapping that becomes writable is populated by writing (H12): unlock it first.
        let _ = self.syscall(vma.pid, libc::SYS_munlock, &[start, length]);
        for rights in [libc::PROT_READ, libc::PROT_READ | libc::PROT_WRITE] {
            let _ = self.syscall(vma.pid, libc::SYS_mprotect, &[start, length, rights as u64]);
        }
    }

    fn probe_pages(&self, pid: Pid, pages: &[&PageView], verdicts: &mut Vec<(Pid, Vpn, bool)>) {
        let list = &self.shared.procs[pid.index()].list;
        for (to, page) in list.iter().zip(pages) {
            to.store(arena::address(page.vpn), Ordering::Relaxed);
        }
        if self.ask(pid, Verb::Faults, &[pages.len() as u64]).is_err() {
            return;
        }
        for (from, page) in list.iter().zip(pages) {
            let verdict = from.load(Ordering::Relaxed);
            if verdict != FAULTS_REFUSED {
                verdicts.push((pid, page.vpn, verdict == 0));
            }
        }
    }
}

/// A store to the first page of a PMD may change the whole PMD: the others are not asked.
fn is_probed(page: &PageView) -> bool {
    match page.state {
        PageState::Page => true,
        PageState::PageByPmd => page.vpn.0.is_multiple_of(PMD_PAGES),
        _ => false,
    }
}

/// Gives every page of a PMD the verdict on its first one.
fn spread_over_pmds(seen: &Observation, verdicts: &mut Vec<(Pid, Vpn, bool)>) {
    let heads = verdicts.clone();
    let tails = seen
        .pages
        .iter()
        .filter(|page| page.state == PageState::PageByPmd && !page.vpn.0.is_multiple_of(PMD_PAGES));
    verdicts.extend(tails.filter_map(|page| {
        let head = (page.pid, Vpn(page.vpn.0 / PMD_PAGES * PMD_PAGES));
        let at = heads.binary_search_by_key(&head, |verdict| (verdict.0, verdict.1)).ok()?;
        Some((page.pid, page.vpn, heads[at].2))
    }));
    verdicts.sort_unstable();
}
