//! The first half of a device migration (N3 to N6): pages are collected, unmapped wherever else they are
//! mapped, and what somebody else holds on to is given back. What is migrated where is in
//! `migrate_vma`.

use super::migrate_vma::{DevMigration, Word};
use crate::entry::Entry;
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
    pub(super) fault: Option<FolioId>,
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
        if entry.is_huge() && !self.open_block(area, pmd) {
            return;
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
        if entry.is_zero() {
            self.split_leaf(area, pmd);
            return true;
        }
        // A migrator of the block would be waited for, and never ends meanwhile.
        entry.has_folio()
            && self.split_folio(self.folios.of(entry.pfn()), 0, None, Caller::HEAD).is_ok()
    }

    /// N3 for one PTE.
    fn collect_pte(&mut self, area: Area, by: Collector, slot: Slot, vpn: u32) -> Word {
        let entry = self.tables.get(slot);
        if entry.is_none() || (entry.is_zero() && by.select.system) {
            return Word::HOLE;
        }
        let wanted = if entry.has_folio() {
            by.select.system && !self.folios[self.folios.of(entry.pfn())].is_large()
        } else {
            by.select.private
                && entry.is_device_private()
                && self.folios[self.folios.of(entry.pfn())].device() == Some(by.device)
        };
        if wanted { self.collect_page(area, by, slot, vpn) } else { Word::NOTHING }
    }

    /// N4: the page is referenced and locked, and a MIGRATION entry takes the place of its entry.
    fn collect_page(&mut self, area: Area, by: Collector, slot: Slot, vpn: u32) -> Word {
        let entry = self.tables.get(slot);
        let pfn = entry.pfn();
        let id = self.folios.of(pfn);
        self.folios[id].refs += 1;
        let own_lock = by.fault == Some(id);
        if !own_lock && !self.try_lock(id) {
            self.put_folio(id, 1);
            return Word::NOTHING;
        }
        let exclusive = self.folios.exclusive.get(pfn);
        self.hide_entry(slot, Point::DevCleared);
        if exclusive {
            self.flush_tlb(area.pid, vpn, vpn + 1);
            if self.folios[id].maybe_pinned() {
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
            if entry.has(Entry::DIRTY) {
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
    fn take_source(&mut self, id: FolioId, fault: Option<FolioId>) -> bool {
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
        let cache = if folio.flags.has(FolioFlags::SWAPCACHE) { folio.pages() } else { 0 };
        // One reference to a device's page is never noticed here (N5): the exact test is N7's.
        let extra = 1 + u32::from(fault == Some(id)) + u32::from(device) + cache;
        let alone = self.folios.mapcount_of(id) == 0 && folio.refs <= extra;
        if !alone && !device {
            self.folios[id].set(FolioFlags::LRU, true);
        }
        alone
    }

    /// Lock and reference of a source go; the lock of a fault is the fault's (N6, N9).
    pub(super) fn release_source(&mut self, id: FolioId, fault: Option<FolioId>) {
        if fault != Some(id) {
            self.folios[id].set(FolioFlags::LOCKED, false);
        }
        self.put_folio(id, 1);
    }

    /// migrate_device_pfns: the words of a device's pages that entries of a range name, whichever VMA
    /// they are in (N13).
    pub(super) fn collect_pfns(&mut self, migration: &mut DevMigration) {
        let (pid, device, start) = (migration.pid, migration.device, migration.start);
        for (word, vpn) in migration.words.iter_mut().zip(start..) {
            let entry = self.entry_at(pid, Vpn(vpn)).filter(|entry| entry.is_device_private());
            let Some(id) = entry.map(|entry| self.folios.of(entry.pfn())) else {
                continue;
            };
            if self.folios[id].device() == Some(device) && self.try_lock(id) {
                self.folios[id].refs += 1;
                *word = Word::page(id, false);
            }
        }
        if migration.words.iter().any(|word| word.from.is_some()) {
            self.unmap_collected(migration);
        }
    }
}
