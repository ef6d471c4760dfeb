//! The first half of a device migration (N3 to N6): pages are collected, unmapped wherever else they are
//! mapped, and what somebody else holds on to is given back. What is migrated where is in
//! `migrate_vma`.

use super::migrate_vma::{DevMigration, Word};
use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::migrate::Leaves;
use crate::model::Model;
use crate::race::Point;
use crate::split::Caller;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{DevFlags, DevSelect, Device, EventKind, FolioFlags, PageRange, Vpn};

/// Who collects, and what.
#[derive(Clone, Copy)]
pub(super) struct Collector {
    pub(super) device: Device,
    pub(super) select: DevSelect,
    /// The page of the CPU fault that this is for, locked by the fault already (N12).
    pub(super) fault: Option<Pfn>,
}

/// What became of a PMD entry that the range covers.
enum Leaf {
    /// The word of the block.
    Done(Word),
    /// It may be pinned: it is split, if that can be done.
    Pinned,
}

impl Model {
    /// migrate_vma_setup for a range of one VMA (N2).
    pub(super) fn set_up(
        &mut self,
        area: Area,
        range: PageRange,
        collector: Collector,
    ) -> DevMigration {
        let Collector { device, fault, .. } = collector;
        self.notify_owned(EventKind::Migrate, area.pid, range, device);
        let mut migration = DevMigration::new(device, area.pid, range, fault);
        let end = range.start.0 + range.len;
        let mut at = range.start.0;
        while at < end {
            let behind = self.geometry.block_end(at).min(end);
            let offset = (at - range.start.0) as usize;
            let words = &mut migration.words[offset..][..(behind - at) as usize];
            self.collect_block(area, collector, at, words);
            at = behind;
        }
        if migration.to_migrate() > 0 {
            self.unmap_collected(&mut migration);
        }
        migration
    }

    /// N3 for what the range covers of one PMD block.
    fn collect_block(&mut self, area: Area, by: Collector, start: u32, words: &mut [Word]) {
        let pmd = self.pmd_slot(area.pid, start);
        let entry = pmd.map_or(Entry::NONE, |pmd| self.tables.get(pmd));
        let Some(pmd) = pmd.filter(|_| !entry.is_none()) else {
            // A run of holes.
            words.fill(Word::HOLE);
            return;
        };
        if entry.is_huge() {
            let takes_blocks = self.config.dev_thp && !entry.is_zero();
            if takes_blocks && !self.is_selected(by, entry) {
                return;
            }
            let whole = words.len() as u32 == self.geometry.ptes();
            if whole && takes_blocks {
                match self.collect_leaf(area, by, pmd, start) {
                    Leaf::Done(word) => {
                        words[0] = word;
                        return;
                    }
                    Leaf::Pinned => {}
                }
            }
            if !self.open_block(area, pmd) {
                return;
            }
        }
        let first = self.pte_slot_in(pmd, start);
        let mut unmapped = false;
        for (word, offset) in words.iter_mut().zip(0..) {
            let slot = first + offset as usize;
            let present = self.tables.get(slot).has_folio();
            *word = self.collect_pte(area, by, slot, start + offset);
            unmapped |= present && word.from.is_some();
        }
        if unmapped {
            // Within the table's lock; older kernels do it behind (N15), which no one without
            // locks can tell.
            self.yield_point(Point::DevCollected);
            self.flush_tlb(area.pid, start, start + words.len() as u32);
        }
    }

    /// A PMD entry becomes PTEs, if that can be done: whatever the flags are (N3).
    fn open_block(&mut self, area: Area, pmd: Slot) -> bool {
        let entry = self.tables.get(pmd);
        if entry.is_zero() || entry.is_device_private() {
            // A device's folio is split where a page of it is collected.
            self.split_leaf(area, pmd);
            return true;
        }
        // A migrator of the block would be waited for, and never ends meanwhile.
        entry.has_folio()
            && self.split_folio(self.folios.of(entry.pfn()), 0, None, Caller::HEAD).is_ok()
    }

    /// A whole block that is selected goes at once, as kernels after 6.18 do it.
    fn collect_leaf(&mut self, area: Area, by: Collector, pmd: Slot, start: u32) -> Leaf {
        let entry = self.tables.get(pmd);
        let id = self.folios.of(entry.pfn());
        self.folios[id].refs += 1;
        if !self.is_fault_page(id, by.fault) && !self.try_lock(id) {
            self.put_folio(id, 1);
            return Leaf::Done(Word::NOTHING);
        }
        if !self.migrate_leaf(id, area.pid, pmd) {
            self.release_source(id, by.fault);
            return Leaf::Pinned;
        }
        self.yield_point(Point::DevCollected);
        self.flush_tlb(area.pid, start, start + self.geometry.ptes());
        Leaf::Done(Word::block(id, entry.has(Entry::WRITE)))
    }

    /// Whether the flags select what a PTE or a leaf maps (N3).
    fn is_selected(&self, by: Collector, entry: Entry) -> bool {
        if entry.has_folio() {
            return by.select.system;
        }
        by.select.private
            && entry.is_device_private()
            && self.folios[self.folios.of(entry.pfn())].device() == Some(by.device)
    }

    /// A page of a large folio of a device's is collected: the folio is split (N3 of kernels after 6.18).
    /// The lock and reference of a fault stay with its page.
    fn split_device_folio(&mut self, pfn: Pfn, fault: Option<Pfn>) -> bool {
        let id = self.folios.of(pfn);
        let page = pfn - self.folios[id].head;
        let Some(faulting) = fault.filter(|_| self.is_fault_page(id, fault)) else {
            return self.split_folio(id, 0, None, Caller::Passing(page)).is_ok();
        };
        self.folios[id].set(FolioFlags::LOCKED, false);
        let held = Caller::Holding(faulting - self.folios[id].head);
        let split = self.split_folio(id, 0, None, held).is_ok();
        let piece = self.folios.of(faulting);
        self.folios[piece].set(FolioFlags::LOCKED, true);
        split
    }

    fn is_fault_page(&self, id: FolioId, fault: Option<Pfn>) -> bool {
        fault.is_some_and(|pfn| self.folios.of(pfn) == id)
    }

    /// N3 for one PTE.
    fn collect_pte(&mut self, area: Area, by: Collector, slot: Slot, vpn: u32) -> Word {
        let entry = self.tables.get(slot);
        if entry.is_none() || (entry.is_zero() && by.select.system) {
            return Word::HOLE;
        }
        if !self.is_selected(by, entry) {
            return Word::NOTHING;
        }
        let large = self.folios[self.folios.of(entry.pfn())].is_large();
        let device = entry.is_device_private();
        if large && !(device && self.split_device_folio(entry.pfn(), by.fault)) {
            return Word::NOTHING;
        }
        self.collect_page(area, by, slot, vpn)
    }

    /// N4: the page is referenced and locked, and a MIGRATION entry takes the place of its entry.
    fn collect_page(&mut self, area: Area, by: Collector, slot: Slot, vpn: u32) -> Word {
        let entry = self.tables.get(slot);
        let pfn = entry.pfn();
        let id = self.folios.of(pfn);
        self.folios[id].refs += 1;
        if !self.is_fault_page(id, by.fault) && !self.try_lock(id) {
            self.put_folio(id, 1);
            return Word::NOTHING;
        }
        let exclusive = self.folios.exclusive.get(pfn);
        self.hide_entry(slot, Point::DevCleared);
        if exclusive {
            self.flush_tlb(area.pid, vpn, vpn + 1);
            if self.folios[id].maybe_pinned() && !fault!(self, MigrateVmaIgnoresFailedShare) {
                self.unhide_entry();
                self.release_source(id, by.fault);
                return Word::NOTHING;
            }
            self.folios.exclusive.fill(pfn, 1, false);
            self.yield_point(Point::DevShared);
        }
        self.hidden = None;
        let mut carried = Entry::WRITE | Entry::SOFT_DIRTY | Entry::UFFD_WP;
        if !self.config.migdev_old {
            carried |= Entry::YOUNG | Entry::DIRTY;
            let decoded = fault!(self, MigrateVmaNonpresentDecoded) && entry.is_device_private();
            let dirty = entry.has(Entry::DIRTY) && !fault!(self, MigrateVmaDirtyLost);
            if dirty || decoded {
                self.folios[id].set(FolioFlags::DIRTY, true);
            }
        }
        let write = entry.has(Entry::WRITE);
        let kind = if exclusive && !write { Entry::EXCLUSIVE } else { 0 };
        self.tables.set(slot, Entry::migration(pfn, entry.0 & carried | kind));
        self.yield_point(Point::DevReplaced);
        self.unmap_singly(id, pfn, 1, area.pid);
        Word::page(id, write)
    }

    /// migrate_device_unmap (N5), and the way back for what failed (N6).
    pub(super) fn unmap_collected(&mut self, migration: &mut DevMigration) {
        self.drain_lru();
        let fault = migration.fault;
        for word in &mut migration.words {
            if let Some(id) = word.from
                && !self.take_source(id, fault)
            {
                word.src = word.src.without(DevFlags::MIGRATE);
            }
        }
        for word in &mut migration.words {
            if let Some(id) = word.from
                && !word.src.has(DevFlags::MIGRATE)
            {
                let (head, ranges) = (self.folios[id].head, self.rmap_ranges(id));
                self.remove_migration_entries(&ranges, head, head);
                self.release_source(id, fault);
                *word = Word::NOTHING;
            }
        }
    }

    /// N5 for one source. Answers whether nobody else has it now.
    fn take_source(&mut self, id: FolioId, fault: Option<Pfn>) -> bool {
        let device = self.folios[id].device().is_some();
        if !device {
            if !self.folios[id].flags.has(FolioFlags::LRU) {
                return false;
            }
            // Isolated: the reference of the collection is the isolation's now.
            self.folios[id].set(FolioFlags::LRU, false);
        }
        if self.folios.mapcount_of(id) > 0 {
            self.try_to_migrate(id, Leaves::Whole);
        }
        let folio = &self.folios[id];
        // One reference to a device's page is never noticed here (N5): the exact test is N7's.
        let slack = u32::from(self.is_fault_page(id, fault)) + u32::from(device);
        let extra = 1 + slack + folio.cache_refs();
        let referenced = folio.refs > extra && !fault!(self, MigrateVmaIgnoresFailedShare);
        let alone = self.folios.mapcount_of(id) == 0 && !referenced;
        if !alone && !device {
            self.folios[id].set(FolioFlags::LRU, true);
        }
        alone
    }

    /// Lock and reference of a source go; the lock of a fault is the fault's (N6, N9).
    pub(super) fn release_source(&mut self, id: FolioId, fault: Option<Pfn>) {
        if !self.is_fault_page(id, fault) {
            self.folios[id].set(FolioFlags::LOCKED, false);
        }
        self.put_folio(id, 1);
    }

    /// migrate_device_pfns: the words of a device's pages that entries of a range name, whichever VMA
    /// they are in (N13).
    pub(super) fn collect_pfns(&mut self, migration: &mut DevMigration) {
        let (pid, device, start) = (migration.pid, migration.device, migration.start);
        let end = start + migration.words.len() as u32;
        for (word, vpn) in migration.words.iter_mut().zip(start..) {
            let entry = self.entry_at(pid, Vpn(vpn)).filter(|entry| entry.is_device_private());
            let own =
                |entry: &Entry| self.folios[self.folios.of(entry.pfn())].device() == Some(device);
            let Some(entry) = entry.filter(own) else {
                continue;
            };
            let pfn = entry.pfn();
            if entry.is_huge() {
                // The whole block, or nothing of it.
                let first = self.geometry.block_start(vpn);
                if first != vpn || vpn + self.geometry.ptes() > end {
                    continue;
                }
            } else if self.folios[self.folios.of(pfn)].is_large()
                && !self.split_device_folio(pfn, None)
            {
                continue;
            }
            let id = self.folios.of(pfn);
            if self.try_lock(id) {
                self.folios[id].refs += 1;
                *word =
                    if entry.is_huge() { Word::block(id, false) } else { Word::page(id, false) };
            }
        }
        if migration.words.iter().any(|word| word.from.is_some()) {
            self.unmap_collected(migration);
        }
    }
}
