//! The ledger: where the running kernel may rightly differ from the reference in what can be seen, as
//! data, with a counter each. Everything that is not in it is a difference. What the rules leave
//! free and the kernel can report is a choice and has no place here.

use mm_ops::{Advice, Op, PageRange, Pid, Snapshot, Vpn};
use std::collections::BTreeSet;

/// One right of the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Its short name.
    pub id: &'static str,
    /// What may differ.
    pub what: &'static str,
    /// When.
    pub when: &'static str,
    /// Why that is the kernel's right.
    pub why: &'static str,
    /// Where to read more.
    pub source: &'static str,
}

/// The dirty flag of a folio whose entries were changed as a run.
pub const MERGED_DIRTY: &str = "merged-dirty";
/// Whether a folio that was once mlocked may become lazyfree.
pub const STICKY_MLOCK: &str = "sticky-mlock";
/// A smaller folio than the settings allow, for want of memory.
pub const FOLIO_FALLBACK: &str = "folio-fallback";

/// Every right there is.
pub const LEDGER: &[Allowance] = &[
    Allowance {
        id: MERGED_DIRTY,
        what: "the dirty flag of the folio of a page",
        when: "an earlier mprotect of the program reached that page while a large folio was there",
        why: "a run of mprotect is committed with the dirty bits of all its entries together; the \
              merged bits cannot be seen, only later what follows from them (a write by GUP that \
              finds an entry dirty has no reason to dirty its folio, an unmapping that does has)",
        source: "docs/rules H9, BT4; docs/kernel-findings.md, mprotect spreads the dirty bit",
    },
    Allowance {
        id: STICKY_MLOCK,
        what: "whether the folio of a page is swapbacked",
        when: "an earlier mlock of the program named a page of the folio, and then MADV_FREE reached it",
        why: "mlocked is a flag with a history in the kernel and a function of the mappings in the \
              rules; it decides whether MADV_FREE marks a folio lazyfree, and nothing else here",
        source: "docs/rules Z2, I6; docs/kernel-findings.md, A folio stays mlocked",
    },
    Allowance {
        id: FOLIO_FALLBACK,
        what: "anything that follows from the order of a folio",
        when: "the kernel's own counters say that a fault found no memory for an enabled order \
               while the program ran",
        why: "a fault that cannot have the largest order that fits takes a smaller one; what the \
              subject could not tell as a choice makes the program differ; it is run again and \
              judged then",
        source: "docs/rules A6; anon_fault_fallback of each folio size in sysfs",
    },
];

/// The ledger in use: what the program at hand did that calls for it, and how often it was used.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Pages that an mprotect reached while a large folio was there; in any process, since a fork
    /// copies the bits.
    merged: BTreeSet<u32>,
    /// Ranges that mlock named, of any process: a fork shares the folios.
    locked: Vec<PageRange>,
    /// Ranges that MADV_FREE named after that.
    freed: Vec<PageRange>,
    uses: [u64; LEDGER.len()],
}

impl Ledger {
    /// Forgets the program; the counts stay.
    pub(crate) fn begin(&mut self) {
        self.merged.clear();
        self.locked.clear();
        self.freed.clear();
    }

    /// Takes note of an operation, given the state before it.
    pub(crate) fn note(&mut self, op: &Op, before: &Snapshot) {
        let (pid, range) = match *op {
            Op::Mlock { range, .. } => return self.locked.push(range),
            Op::Madvise { range, advice: Advice::Free, .. } if !self.locked.is_empty() => {
                return self.freed.push(range);
            }
            Op::Mprotect { pid, range, .. } => (pid, range),
            _ => return,
        };
        let large = |folio: u32| before.folios[folio as usize].order.0 > 0;
        let touched = before.entries.iter().filter(|entry| {
            entry.pid == pid
                && entry.kind.maps_folio()
                && !entry.kind.is_pmd()
                && large(entry.folio)
        });
        let pages = touched.map(|entry| entry.vpn.0);
        self.merged
            .extend(pages.filter(|vpn| range.start.0 <= *vpn && *vpn - range.start.0 < range.len));
    }

    /// Whether this column of this page may differ; the use is counted.
    pub(crate) fn permits(&mut self, state: &Snapshot, pid: Pid, vpn: Vpn, field: &str) -> bool {
        let Some((first, behind)) = folio_pages(state, pid, vpn) else { return false };
        let named = |ranges: &[PageRange]| {
            ranges.iter().any(|range| range.start.0 < behind && u64::from(first) < range.end())
        };
        let (id, permitted) = match field {
            "folio dirty" => (MERGED_DIRTY, self.merged.range(first..behind).next().is_some()),
            "folio swapbacked" => (STICKY_MLOCK, named(&self.locked) && named(&self.freed)),
            _ => return false,
        };
        if permitted {
            self.count(id);
        }
        permitted
    }

    /// Counts a use by somebody who judges outside of the lockstep.
    pub fn count(&mut self, id: &str) {
        if let Some(at) = LEDGER.iter().position(|allowance| allowance.id == id) {
            self.uses[at] += 1;
        }
    }

    /// Every right with the number of its uses.
    pub fn uses(&self) -> impl Iterator<Item = (&'static Allowance, u64)> + '_ {
        LEDGER.iter().zip(self.uses)
    }
}

/// The pages, from and to, that the folio mapped at a page has there.
fn folio_pages(state: &Snapshot, pid: Pid, vpn: Vpn) -> Option<(u32, u32)> {
    let entry = state.entries.iter().find(|entry| {
        let folio = entry.kind.maps_folio().then(|| &state.folios[entry.folio as usize]);
        let pages =
            folio.map_or(0, |folio| if entry.kind.is_pmd() { folio.order.pages() } else { 1 });
        entry.pid == pid && entry.vpn.0 <= vpn.0 && vpn.0 - entry.vpn.0 < pages
    })?;
    let first = entry.vpn.0.checked_sub(entry.page)?;
    Some((first, first + state.folios[entry.folio as usize].order.pages()))
}
