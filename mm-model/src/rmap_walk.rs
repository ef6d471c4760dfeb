//! The reverse-mapping walk (rulebook L7, L13, L16, L17, L20): from a folio to the entries that map it or,
//! while it is under migration, that name it. Entries are found in runs. What is done with them is
//! the business of whoever walks: migration, swap-out, splits, memory failure.

use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::Model;
use crate::rmap::AnonVmaNr;
use crate::table::Slot;
use crate::vma::{Area, Vma};
use mm_ops::{Errno, FolioFlags, Outcome, Pid, Vpn};
use smallvec::SmallVec;

/// Where pages of a folio may be mapped in one VMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RmapRange {
    pub(crate) area: Area,
    /// The first place.
    pub(crate) start: u32,
    /// Which page of the folio belongs there.
    pub(crate) page: u32,
    pub(crate) len: u32,
}

/// All places of a folio, in the order of a walk.
pub(crate) type RmapRanges = SmallVec<[RmapRange; 4]>;

/// Entries found: one PMD entry, or PTEs of one table that map consecutive pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RmapRun {
    /// The first entry.
    pub(crate) slot: Slot,
    /// Its place.
    pub(crate) vpn: u32,
    /// Which page of the folio it maps.
    pub(crate) page: u32,
    /// Pages mapped.
    pub(crate) len: u32,
    /// A PMD entry.
    pub(crate) leaf: bool,
}

/// Which entries a walk looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Those that count as mappings (L7): present ones, DEVPRIV, and DEVEXCL but for older kernels
    /// (O13).
    Mapped,
    /// The same, and DEVEXCL in any case.
    Reached,
    /// MIGRATION entries (PVMW_MIGRATION).
    Migrating,
}

impl Want {
    const fn is(self, entry: Entry) -> bool {
        match self {
            Self::Mapped => entry.has_folio() || entry.is_device_private(),
            Self::Reached => entry.names_folio(),
            Self::Migrating => entry.is_migration(),
        }
    }
}

impl Model {
    /// The places where a folio may be mapped, in the order of the walk (L17).
    pub(crate) fn rmap_ranges(&self, id: FolioId) -> RmapRanges {
        let folio = &self.folios[id];
        if folio.flags.has(FolioFlags::KSM) {
            return self.ksm_ranges(id);
        }
        self.ranges_in(id, folio.mapping, folio.index)
    }

    /// The same of a folio with this anon_vma and index.
    pub(crate) fn ranges_in(&self, id: FolioId, mapping: AnonVmaNr, first: u32) -> RmapRanges {
        let behind = first.saturating_add(self.folios[id].pages());
        let areas = self.rmap_areas(mapping, first, behind);
        areas.map(|area| range_in(area, self.vma(area), first, behind)).collect()
    }

    /// Whether any page of the folio at frame `head` is mapped within a range.
    pub(crate) fn maps_in(&self, head: Pfn, range: &RmapRange) -> bool {
        self.next_rmap_run(head, range, 0, Want::Reached).is_some()
    }

    /// The entries of a range that map the folio at frame `head`, beginning with the range's page
    /// `done`: the first run of them, all of one kind, no longer than the configuration's runs.
    pub(crate) fn next_rmap_run(
        &self,
        head: Pfn,
        range: &RmapRange,
        done: u32,
        want: Want,
    ) -> Option<RmapRun> {
        let want = if want == Want::Mapped && self.exclusive_maps() { Want::Reached } else { want };
        let end = range.start + range.len;
        let mut at = range.start + done;
        while let Some(block) = self.next_block(range.area.pid, at, end) {
            let page = range.page + (block.start - range.start);
            let pmd = self.tables.get(block.slot);
            if !pmd.is_table() {
                let foreign = fault!(self, RmapWalkDevprivatePmd) && pmd.is_device_private();
                if want.is(pmd) && (pmd.pfn() == head + page || foreign) {
                    let len = block.end - block.start;
                    let (slot, vpn) = (block.slot, block.start);
                    return Some(RmapRun { slot, vpn, page, len, leaf: true });
                }
            } else {
                let first = self.pte_slot_in(block.slot, block.start);
                let entries = self.tables.run(first, (block.end - block.start) as usize);
                let matches = |(entry, pfn): (&Entry, Pfn)| want.is(*entry) && entry.pfn() == pfn;
                if let Some(skip) = entries.iter().zip(head + page..).position(matches) {
                    let pfn = head + page + skip as u32;
                    let run = entries[skip..].iter().take(self.run_max as usize).zip(pfn..);
                    let like = |pair: &(&Entry, Pfn)| pair.0.maps_like(entries[skip]);
                    let len = run.take_while(|pair| matches(*pair) && like(pair)).count() as u32;
                    return Some(RmapRun {
                        slot: first + skip,
                        vpn: block.start + skip as u32,
                        page: page + skip as u32,
                        len,
                        leaf: false,
                    });
                }
            }
            at = block.end;
        }
        None
    }

    /// The operation `rmap_walk`.
    pub(crate) fn rmap_walk(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        let Some(entry) = self.naming_entry(pid, vpn) else {
            return Outcome::Err(Errno::EFAULT);
        };
        let id = self.folios.of(entry.pfn());
        if self.is_anonmm() {
            return Outcome::Pids(self.page_referenced(id));
        }
        let head = self.folios[id].head;
        // L8: nobody looks for what nothing maps.
        let ranges =
            if self.folios.mapcount_of(id) > 0 { self.rmap_ranges(id) } else { RmapRanges::new() };
        let mapping = ranges.iter().filter(|range| self.maps_in(head, range));
        Outcome::Pids(mapping.map(|range| range.area.pid).collect())
    }

    /// Whether any entry that is looked for belongs to the folio.
    pub(crate) fn any_in_rmap(&self, id: FolioId, want: Want) -> bool {
        let head = self.folios[id].head;
        self.rmap_ranges(id).iter().any(|range| self.next_rmap_run(head, range, 0, want).is_some())
    }

    /// Pages of the folio that entries of this kind have within a range.
    pub(crate) fn pages_in(&self, head: Pfn, range: &RmapRange, want: Want) -> u32 {
        let (mut done, mut pages) = (0, 0);
        while let Some(run) = self.next_rmap_run(head, range, done, want) {
            pages += run.len;
            done = run.vpn + run.len - range.start;
        }
        pages
    }
}

/// The part of `[first, behind)`, linear indices of a folio, that lies in a VMA.
fn range_in(area: Area, vma: &Vma, first: u32, behind: u32) -> RmapRange {
    let low = vma.pgoff.max(first);
    let high = (vma.pgoff + (vma.end - vma.start)).min(behind);
    RmapRange { area, start: vma.start + (low - vma.pgoff), page: low - first, len: high - low }
}
