//! Collapsing (rulebook G15 to G20, G24): whole blocks of a VMA are copied into fresh PMD folios. Here
//! are MADV_COLLAPSE and the steps of one block; who else asks for them, and what it asks of a block,
//! is in `khugepaged`.

use crate::entry::Entry;
use crate::fault::{Access, FaultError};
use crate::folio::FolioId;
use crate::khugepaged::{Met, Tally};
use crate::model::Model;
use crate::race::Point;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{Errno, FolioFlags, NO_ANON_VMA, ScanLimits, Value, VmaFlags};

/// Why a block was not collapsed (G18, G24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Further blocks are tried.
    Block(Errno),
    /// It ends here.
    All(Errno),
}

impl From<Failure> for Errno {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Block(errno) | Failure::All(errno) => errno,
        }
    }
}

/// Which tests the PTEs of a block must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// The scan: entries that are not present may still be brought in (G15).
    Scan,
    /// The isolation: each small folio can be locked once (G16).
    Isolate,
}

impl Model {
    /// MADV_COLLAPSE in one VMA (G24).
    pub(crate) fn collapse(&mut self, area: Area, start: u32, end: u32) -> Result<(), Errno> {
        if !self.is_collapsible(area) {
            return Err(Errno::EINVAL);
        }
        self.drain_lru();
        let first = start.next_multiple_of(self.geometry.ptes());
        let last = self.geometry.block_start(end);
        if first > last {
            return Err(Errno::EINVAL);
        }
        let mut result = Ok(());
        let mut at = first;
        while at < last {
            match self.collapse_block(area, at, None) {
                Ok(()) => {}
                Err(Failure::Block(errno)) => result = Err(errno),
                Err(Failure::All(errno)) => return Err(errno),
            }
            at += self.geometry.ptes();
        }
        result
    }

    /// Whether a VMA can hold PMD folios at all (G15, G24).
    fn is_collapsible(&self, area: Area) -> bool {
        let holds_block = self.geometry.block_start(area.end)
            >= self.geometry.ptes() + area.start.next_multiple_of(self.geometry.ptes());
        self.may_collapse(area) && holds_block
    }

    /// Whether a VMA may have huge pages, and had pages at all (G15).
    pub(crate) fn may_collapse(&self, area: Area) -> bool {
        !area.has(VmaFlags::NOHUGEPAGE) && self.vma(area).anon_vma != NO_ANON_VMA
    }

    /// One block: scan, allocate, bring in what is missing, isolate, copy (G15 to G17). The limits are
    /// those of khugepaged.
    pub(crate) fn collapse_block(
        &mut self,
        area: Area,
        start: u32,
        limits: Option<ScanLimits>,
    ) -> Result<(), Failure> {
        let pmd = self.pmd_slot(area.pid, start).ok_or(Failure::Block(Errno::EINVAL))?;
        let entry = self.tables.get(pmd);
        if entry.is_device_private() {
            // Neither a leaf nor a table (G24).
            return Err(Failure::Block(Errno::EINVAL));
        }
        if entry.is_huge() {
            return Ok(());
        }
        if entry.is_none() {
            return Err(Failure::All(Errno::EINVAL));
        }
        let first = self.pte_slot_in(pmd, start);
        self.examine(area, first, Pass::Scan, limits)?;
        self.allocate_folio(self.geometry.shift as u8, area.pid, start)
            .map_err(|_| Failure::All(Errno::ENOMEM))?;
        self.bring_in(area, first, start)?;
        // G16: until the pages are replaced no walk finds them.
        self.lock_root(self.vma(area).anon_vma);
        let done = self.isolate_and_replace(area, pmd, start, limits);
        self.unlock_roots();
        done
    }

    /// G16 and G17: the PMD is cleared, the pages are looked at once more, and replaced.
    fn isolate_and_replace(
        &mut self,
        area: Area,
        pmd: Slot,
        start: u32,
        limits: Option<ScanLimits>,
    ) -> Result<(), Failure> {
        let table = self.tables.get(pmd).table_number();
        let first = self.tables.slot(table, 0);
        if fault!(self, CollapseVsGupfast) {
            // Looked at while the pages can still be reached.
            self.examine(area, first, Pass::Isolate, limits)?;
            self.yield_point(Point::CollapseCleared);
            self.replace_block(area, pmd, start, table);
            return Ok(());
        }
        self.hide_entry(pmd, Point::CollapseCleared);
        if !fault!(self, CollapseNoFlush) {
            self.flush_tlb(area.pid, start, self.geometry.block_end(start));
        }
        let examined = self.examine(area, first, Pass::Isolate, limits);
        self.yield_point(Point::CollapseIsolated);
        if examined.is_err() {
            self.unhide_entry();
            return examined;
        }
        self.hidden = None;
        self.replace_block(area, pmd, start, table);
        Ok(())
    }

    /// The tests of G15 (and again, of what is left then, G16) for each PTE, ascending, and in the end
    /// of all that was met.
    fn examine(
        &self,
        area: Area,
        first: Slot,
        pass: Pass,
        limits: Option<ScanLimits>,
    ) -> Result<(), Failure> {
        const REFUSED: Failure = Failure::Block(Errno::EINVAL);
        let armed = area.has(VmaFlags::UFFD_MISSING) || area.has(VmaFlags::UFFD_WP);
        let ptes = self.geometry.ptes();
        let mut tally = Tally::new(limits);
        let mut locked: Vec<FolioId> = Vec::new();
        for &entry in self.tables.run(first, ptes as usize) {
            if entry.is_none() || entry.is_zero() {
                if tally.exceeds(Met::Empty) || armed {
                    return Err(Failure::All(Errno::EBUSY));
                }
                continue;
            }
            if !entry.is_present() && (pass == Pass::Isolate || tally.exceeds(Met::Swapped)) {
                return Err(REFUSED);
            }
            if entry.has(Entry::UFFD_WP) && !fault!(self, CollapseDropsUffdwp) {
                return Err(REFUSED);
            }
            if entry.is_present() {
                let id = self.folios.of(entry.pfn());
                if self.folios.maybe_shared(id) && tally.exceeds(Met::Shared) {
                    return Err(REFUSED);
                }
                self.examine_page(id, pass, &mut locked)?;
                tally.passed(entry.has(Entry::YOUNG));
            }
        }
        if tally.is_idle(ptes) { Err(REFUSED) } else { Ok(()) }
    }

    /// The tests of a mapped page. A KSM page that the block maps twice is locked already at its
    /// second place.
    fn examine_page(
        &self,
        id: FolioId,
        pass: Pass,
        locked: &mut Vec<FolioId>,
    ) -> Result<(), Failure> {
        let folio = &self.folios[id];
        let expected = self.folios.mapcount_of(id) + folio.cache_refs();
        let available = folio.flags.has(FolioFlags::LRU) && !folio.flags.has(FolioFlags::LOCKED);
        let referenced = folio.refs != expected && !fault!(self, CollapseIgnoresPins);
        if !available || referenced || locked.contains(&id) {
            return Err(Failure::Block(Errno::EAGAIN));
        }
        if pass == Pass::Isolate && folio.flags.has(FolioFlags::KSM) {
            locked.push(id);
        }
        Ok(())
    }

    /// A read fault for every entry that is not present; what came in stays in.
    fn bring_in(&mut self, area: Area, first: Slot, start: u32) -> Result<(), Failure> {
        let mut any = false;
        for page in 0..self.geometry.ptes() {
            let slot = first + page as usize;
            let entry = self.tables.get(slot);
            if !entry.is_none() && !entry.is_present() {
                any = true;
                self.fault_nonpresent(area, slot, start + page, Access::Read).map_err(|error| {
                    let blocked = error == FaultError::Blocked;
                    Failure::All(if blocked { Errno::EINTR } else { Errno::EINVAL })
                })?;
            }
        }
        if any {
            // Waiting for the LRU would count as a reference.
            self.drain_lru();
        }
        Ok(())
    }

    /// G17: the pages are copied into a fresh folio and left; the table they were mapped in is
    /// deposited with the leaf.
    fn replace_block(&mut self, area: Area, pmd: Slot, start: u32, table: u32) {
        let first = self.tables.slot(table, 0);
        let values: Vec<Value> = self
            .tables
            .run(first, self.geometry.ptes() as usize)
            .iter()
            .map(|entry| if entry.is_none() { Value::ZERO } else { self.load(*entry, 0) })
            .collect();
        self.leave_pages(area, first);
        self.tables.set(pmd, Entry::NONE);
        self.mms[area.pid.index()].deposited.push(table);
        self.map_fresh_leaf(area, pmd, start);
        let head = self.tables.get(pmd).pfn() as usize;
        self.folios.value[head..][..values.len()].copy_from_slice(&values);
    }

    /// Unmaps what the table maps, in runs of one folio (BT9).
    fn leave_pages(&mut self, area: Area, first: Slot) {
        let pages = self.geometry.ptes();
        let (mut at, mut unmapped) = (0, 0);
        while at < pages {
            let slot = first + at as usize;
            let entry = self.tables.get(slot);
            let forgotten = fault!(self, CollapseSharedSourceRmapKept)
                && entry.has_folio()
                && self.folios.maybe_shared(self.folios.of(entry.pfn()));
            if entry.has_folio() && !forgotten {
                at += self.zap_batch(area.pid, slot, pages - at, &mut unmapped);
            } else {
                self.tables.set(slot, Entry::NONE);
                self.mms[area.pid.index()].rss -= u32::from(forgotten);
                at += 1;
            }
        }
    }
}
