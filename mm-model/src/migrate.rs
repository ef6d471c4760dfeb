//! Migration (rulebook area F) as three operations: begin, copy, end. The two halves that splits
//! use as well are here, too: mappings become MIGRATION entries (F3, F4, G3), and MIGRATION entries
//! become mappings again (F8).

use crate::circumstances::{Circumstance, Held};
use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::{Model, answer};
use crate::race::Point;
use crate::rmap_walk::{RmapRange, RmapRanges, RmapRun, Want};
use crate::split::Caller;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{Errno, FolioFlags, NO_ANON_VMA, Outcome, Pid, TOKENS_MAX, Token, Vpn};

/// Bits of a present entry that a MIGRATION entry carries (F3).
const CARRIED: u64 =
    Entry::WRITE | Entry::YOUNG | Entry::DIRTY | Entry::SOFT_DIRTY | Entry::UFFD_WP;

/// What becomes of PMD leaves when a folio is unmapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// MIGRATION PMDs (F4).
    Whole,
    /// MIGRATION PTEs (G3, TTU_SPLIT_HUGE_PMD).
    Split,
}

impl Model {
    /// The operation `migrate` (F1 to F6, F15).
    pub(crate) fn migrate(&mut self, pid: Pid, vpn: Vpn, token: Token, all: bool) -> Outcome {
        answer(self.check_unused(token).and_then(|()| {
            let source = self.select_for_migration(pid, vpn, all)?;
            if !self.isolate_folio(source) {
                return Err(Errno::EBUSY);
            }
            let (source, to) = self.migrate_isolated(source, pid, vpn)?;
            let held = Held::Migration { to, copied: false };
            self.tokens[token.index()] = Some(Circumstance { held, folio: Some(source) });
            Ok(())
        }))
    }

    /// F1 up to the isolation.
    fn select_for_migration(&self, pid: Pid, vpn: Vpn, all: bool) -> Result<FolioId, Errno> {
        let entry = self.migratable_entry(pid, vpn).ok_or(Errno::ENOENT)?;
        if entry.is_zero() {
            return Err(Errno::EFAULT);
        }
        let id = self.folios.of(entry.pfn());
        if self.folios.maybe_shared(id) && !all { Err(Errno::EACCES) } else { Ok(id) }
    }

    /// The present entry of a page, PTE or PMD.
    pub(crate) fn present_entry(&self, pid: Pid, vpn: Vpn) -> Option<Entry> {
        if vpn.0 >= self.geometry.space() {
            return None;
        }
        self.find_entry(pid, vpn.0).map(|(_, entry)| entry).filter(|entry| entry.is_present())
    }

    /// The entry of a page if it is present, or DEVEXCL: its folio is ordinary memory.
    fn migratable_entry(&self, pid: Pid, vpn: Vpn) -> Option<Entry> {
        self.entry_at(pid, vpn).filter(|entry| entry.is_present() || entry.is_device_exclusive())
    }

    /// The entry of a page that maps a folio, or names one in a device's hands.
    pub(crate) fn naming_entry(&self, pid: Pid, vpn: Vpn) -> Option<Entry> {
        self.entry_at(pid, vpn).filter(|entry| entry.names_folio())
    }

    /// Begins the migration of an isolated folio for the place named; where that fails, the folio
    /// is put back. Answers the folio (a piece, if it was split first) and its destination.
    pub(crate) fn migrate_isolated(
        &mut self,
        id: FolioId,
        pid: Pid,
        vpn: Vpn,
    ) -> Result<(FolioId, FolioId), Errno> {
        let source = self.split_before_migration(id, pid, vpn)?;
        self.unmap_for_migration(source, pid, vpn)
            .map(|to| (source, to))
            .inspect_err(|_| self.put_back_on_lru(source))
    }

    /// F15: a folio known to be partially mapped is split first, if that can be done. The piece at
    /// the place named goes on.
    fn split_before_migration(
        &mut self,
        id: FolioId,
        pid: Pid,
        vpn: Vpn,
    ) -> Result<FolioId, Errno> {
        let queued = FolioFlags::DEFERRED.with(FolioFlags::PARTIALLY_MAPPED);
        if !self.folios[id].flags.has(queued) {
            return Ok(id);
        }
        let entry = self.migratable_entry(pid, vpn).expect("the folio was selected by it");
        let frame = self.frame_at(entry, vpn.0);
        let page = frame - self.folios[id].head;
        if self.split_folio(id, 0, None, Caller::Holding(page)).is_err() {
            return Ok(id);
        }
        let piece = self.folios.of(frame);
        // The piece may have given way to the zero page (F9), here if not elsewhere.
        let now = self.present_entry(pid, vpn);
        if !now.is_some_and(Entry::has_folio) {
            self.put_back_on_lru(piece);
            let zero = now.is_some();
            return Err(if zero { Errno::EFAULT } else { Errno::ENOENT });
        }
        Ok(piece)
    }

    /// Allocates the destination, locks the folio and unmaps it (F2 to F6).
    fn unmap_for_migration(&mut self, id: FolioId, pid: Pid, vpn: Vpn) -> Result<FolioId, Errno> {
        let order = self.folios[id].order;
        self.allocate_folio(order, pid, vpn.0)?;
        if !self.try_lock(id) {
            return Err(Errno::EAGAIN);
        }
        let written = self.folios[id].flags.has(FolioFlags::WRITEBACK);
        let result = if written && !fault!(self, MigrateUnderWriteback) {
            Err(Errno::EBUSY)
        } else if self.try_to_migrate(id, Leaves::Whole) {
            let to = self.folios.create(order);
            let destination = &mut self.folios[to];
            destination.flags = FolioFlags::LOCKED;
            destination.mapping = NO_ANON_VMA;
            Ok(to)
        } else {
            let (head, ranges) = (self.folios[id].head, self.rmap_ranges(id));
            self.remove_migration_entries(&ranges, head, head);
            Err(Errno::EAGAIN)
        };
        if result.is_err() {
            self.folios[id].set(FolioFlags::LOCKED, false);
        }
        result
    }

    /// The migration that a token stands for: source, destination, and whether it was copied.
    fn migration_of(&self, token: Token) -> Result<(FolioId, FolioId, bool), Errno> {
        if token.0 >= TOKENS_MAX {
            return Err(Errno::EINVAL);
        }
        match self.tokens[token.index()] {
            Some(Circumstance { held: Held::Migration { to, copied }, folio: Some(source) }) => {
                Ok((source, to, copied))
            }
            _ => Err(Errno::EBADF),
        }
    }

    /// The folio that has the identity of the source of a migration: itself, or after the copy the
    /// destination.
    pub(crate) fn migration_home(&self, source: FolioId) -> FolioId {
        let mut migrations = self.tokens.iter().flatten();
        let found = migrations.find_map(|held| match &held.held {
            Held::Migration { to, copied: true } if held.folio == Some(source) => Some(*to),
            Held::DevMigration(migration) => migration.home_of(source),
            _ => None,
        });
        found.unwrap_or(source)
    }

    /// The operation `migrate_copy` (F7).
    pub(crate) fn migrate_copy(&mut self, token: Token) -> Outcome {
        answer(self.migration_of(token).and_then(|(source, to, copied)| {
            if copied {
                return Err(Errno::EINVAL);
            }
            self.copy_and_switch(source, to)?;
            let held = Held::Migration { to, copied: true };
            self.tokens[token.index()] = Some(Circumstance { held, folio: Some(source) });
            Ok(())
        }))
    }

    /// F7: content, identity and flags move, if nobody else refers to the source.
    pub(crate) fn copy_and_switch(&mut self, source: FolioId, to: FolioId) -> Result<(), Errno> {
        if self.folios[source].refs != 1 + self.folios[source].cache_refs() {
            return Err(Errno::EAGAIN);
        }
        self.switch_identity(source, to);
        Ok(())
    }

    /// F7 once the references were counted.
    pub(crate) fn switch_identity(&mut self, source: FolioId, to: FolioId) {
        if !fault!(self, MigrateVsDeferredSplit) {
            self.unqueue_deferred(source);
        }
        let old = self.folios[source];
        let (from, into) = (old.head as usize, self.folios[to].head as usize);
        self.folios.value.copy_within(from..from + old.pages() as usize, into);
        let moved = FolioFlags::DIRTY.with(FolioFlags::SWAPCACHE).with(FolioFlags::KSM);
        let moved = moved.with(FolioFlags::NOT_UPTODATE);
        let new = &mut self.folios[to];
        let place = FolioFlags::DEVICE_0.with(FolioFlags::DEVICE_1).with(FolioFlags::LOCKED);
        (new.mapping, new.index, new.swap) = (old.mapping, old.index, old.swap);
        new.refs += old.cache_refs();
        let moved_on = FolioFlags(old.flags.0 & moved.with(FolioFlags::SWAPBACKED).0);
        new.flags = moved_on.with(FolioFlags(new.flags.0 & place.0));
        let left = &mut self.folios[source];
        left.refs -= old.cache_refs();
        left.flags = left.flags.without(moved);
        (left.mapping, left.index) = (NO_ANON_VMA, 0);
        if old.flags.has(FolioFlags::SWAPCACHE) {
            self.repoint_slots(to);
        }
        if let Some(places) = self.ksm.remove(&source) {
            self.ksm.insert(to, places);
        }
    }

    /// The operation `migrate_end`.
    pub(crate) fn migrate_end(&mut self, token: Token) -> Outcome {
        answer(self.migration_of(token).map(|(source, to, copied)| {
            self.tokens[token.index()] = None;
            self.finish_migration(source, to, copied);
        }))
    }

    /// Restores the mappings (F8), to the destination if the copy was made, and lets both folios go.
    pub(crate) fn finish_migration(&mut self, source: FolioId, to: FolioId, copied: bool) {
        let (kept, left) = if copied { (to, source) } else { (source, to) };
        let ranges = self.rmap_ranges(kept);
        self.remove_migration_entries(&ranges, self.folios[source].head, self.folios[kept].head);
        for id in [left, kept] {
            self.folios[id].set(FolioFlags::LOCKED, false);
        }
        self.put_folio(left, 1);
        self.put_back_on_lru(kept);
    }

    /// Makes every mapping of a folio a MIGRATION entry (F3, F4, G3). Answers whether no mapping is
    /// left: a pinned exclusive page ends the walk.
    pub(crate) fn try_to_migrate(&mut self, id: FolioId, leaves: Leaves) -> bool {
        let head = self.folios[id].head;
        'walk: for range in self.rmap_ranges(id) {
            if self.folios.mapcount_of(id) == 0 {
                break; // L8, L17
            }
            self.notify_visit(id, &range);
            #[cfg(feature = "faults")]
            if leaves == Leaves::Split && fault!(self, SplitDerefsForeignMigrationPmd) {
                self.split_migrating_leaves(&range);
            }
            let mut done = 0;
            while let Some(run) = self.next_rmap_run(head, &range, done, Want::Mapped) {
                if run.leaf && leaves == Leaves::Split {
                    // Frozen, or a table of present PTEs: both are looked at once more.
                    self.freeze_leaf(id, &range, run.slot);
                    continue;
                }
                let unmapped = if run.leaf {
                    self.migrate_leaf(id, range.area.pid, run.slot)
                } else if self.tables.get(run.slot).is_device() {
                    self.migrate_device_ptes(id, range.area.pid, &run)
                } else {
                    self.migrate_ptes(id, range.area.pid, &run, leaves)
                };
                if !unmapped {
                    break 'walk;
                }
                done = run.vpn + run.len - range.start;
            }
        }
        self.yield_point(Point::MigrateUnmapped);
        if !fault!(self, MigrateNoFlush) {
            self.flush_tlb_of(id);
        }
        self.folios.mapcount_of(id) == 0
    }

    /// D17.X4 where an actor looks on: exclusivity goes while the entry is out of sight.
    #[inline]
    fn share_unseen(&mut self, slot: Slot, pfn: Pfn, len: u32) {
        if self.race.is_some() {
            let entry = self.tables.get(slot);
            self.tables.set(slot, Entry::NONE);
            self.folios.exclusive.fill(pfn, len, false);
            self.yield_point(Point::MigrateShared);
            self.tables.set(slot, entry);
        }
    }

    /// F4 for one leaf. Answers whether it was unmapped.
    pub(crate) fn migrate_leaf(&mut self, id: FolioId, pid: Pid, pmd: Slot) -> bool {
        let leaf = self.tables.get(pmd);
        let Some(kind) = self.share_leaf(id, pmd, leaf) else {
            return false;
        };
        self.tables.set(pmd, Entry::migration_leaf(leaf.pfn(), leaf.0 & CARRIED | kind));
        self.remove_rmap_pmd(id, pid);
        self.put_folio(id, 1);
        true
    }

    /// G3 for one leaf; where the share step fails, G2.
    fn freeze_leaf(&mut self, id: FolioId, range: &RmapRange, pmd: Slot) {
        let leaf = self.tables.get(pmd);
        let Some(kind) = self.share_leaf(id, pmd, leaf) else {
            self.split_leaf(range.area, pmd);
            return;
        };
        let table = self.withdraw(range.area.pid);
        self.tables.set(pmd, Entry::table(table));
        let first = self.tables.slot(table, 0);
        let pte = Entry::migration(leaf.pfn(), leaf.0 & CARRIED | kind);
        let pages = self.geometry.ptes() as usize;
        for (entry, page) in self.tables.run_mut(first, pages).iter_mut().zip(0..) {
            *entry = pte.advanced(page);
        }
        self.remove_rmap_pmd(id, range.area.pid);
        self.put_folio(id, 1);
    }

    /// The share step of a leaf (D17), and its dirty bit handed to the folio. Answers the bit that
    /// tells a readable leaf's kind; `None` if the folio may be pinned.
    fn share_leaf(&mut self, id: FolioId, pmd: Slot, leaf: Entry) -> Option<u64> {
        let exclusive = self.folios.exclusive.get(leaf.pfn());
        self.hide_entry(pmd, Point::MigrateCleared);
        if exclusive && self.folios[id].maybe_pinned() {
            self.unhide_entry();
            return None;
        }
        self.folios.exclusive.fill(leaf.pfn(), 1, false);
        self.yield_point(Point::MigrateShared);
        self.unhide_entry();
        if leaf.has(Entry::DIRTY) {
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        Some(if exclusive && !leaf.has(Entry::WRITE) { Entry::EXCLUSIVE } else { 0 })
    }

    /// F3 for a run, in sub-runs of equal PAE. Answers whether all of it was unmapped.
    fn migrate_ptes(&mut self, id: FolioId, pid: Pid, run: &RmapRun, leaves: Leaves) -> bool {
        let mut ignore_pins =
            leaves == Leaves::Split && fault!(self, FreezeSplitIgnoresFailedShare);
        if fault!(self, ZeroRemapOfPinned) {
            ignore_pins = leaves == Leaves::Split;
        }
        let pfn = self.folios[id].head + run.page;
        let mut done = 0;
        while done < run.len {
            let slot = run.slot + done as usize;
            let (at, left) = (pfn + done, run.len - done);
            let (poisoned, left) = self.folios.poisoned.equal_run(at, left);
            let (exclusive, len) = self.folios.exclusive.equal_run(at, left);
            if poisoned {
                self.poison_ptes(pid, slot, at, left);
                self.unmap_singly(id, at, left, pid);
                done += left;
                continue;
            }
            let late = fault!(self, RaceIiMigrationGupfast);
            if !late {
                self.hide_entry(slot, Point::MigrateCleared);
            }
            let pinned = exclusive
                && self.folios[id].maybe_pinned()
                && !fault!(self, MigrateIgnoresFailedShare);
            self.unhide_entry();
            if late {
                self.yield_point(Point::MigrateCleared);
            }
            if pinned && !ignore_pins {
                // Restored, but its dirty bit has reached the folio.
                if self.tables.get(slot).has(Entry::DIRTY) {
                    self.folios[id].set(FolioFlags::DIRTY, true);
                }
                return false;
            }
            self.share_unseen(slot, at, len);
            self.migrate_like_ptes(id, slot, at, len, exclusive);
            self.yield_point(Point::MigrateReplaced);
            self.unmap_singly(id, at, len, pid);
            done += len;
        }
        true
    }

    /// The entries of F3 for PTEs whose pages are alike in PAE, which they lose.
    fn migrate_like_ptes(&mut self, id: FolioId, slot: Slot, pfn: Pfn, len: u32, exclusive: bool) {
        let mut seen = 0;
        let mut carried = CARRIED;
        if fault!(self, MigrateDropsUffdwpSoftdirty) {
            carried &= !(Entry::SOFT_DIRTY | Entry::UFFD_WP);
        }
        for (entry, pfn) in self.tables.run_mut(slot, len as usize).iter_mut().zip(pfn..) {
            seen |= entry.0;
            let readable = exclusive && !entry.has(Entry::WRITE);
            let kind = if readable { Entry::EXCLUSIVE } else { 0 };
            *entry = Entry::migration(pfn, entry.0 & carried | kind);
        }
        if seen & Entry::DIRTY != 0 {
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        self.folios.exclusive.fill(pfn, len, false);
    }

    /// `len` PTEs no longer map a folio, and were taken away one at a time: G12 holds as soon as the
    /// first page is unmapped while another one is not (G21).
    pub(crate) fn unmap_singly(&mut self, id: FolioId, pfn: Pfn, len: u32, pid: Pid) {
        let mapped_before = self.folios[id].mapped_pages();
        let unmapped = self.remove_rmap_ptes(id, pfn, len, pid);
        let folio = &self.folios[id];
        if unmapped > 0 && folio.is_large() && folio.entire == 0 && mapped_before > 1 {
            self.queue_deferred(id, true);
        }
        self.put_folio(id, len);
    }

    /// F8 for every MIGRATION entry of the folio at frame `from`: it maps the page at the same
    /// offset from frame `to`.
    pub(crate) fn remove_migration_entries(&mut self, ranges: &RmapRanges, from: Pfn, to: Pfn) {
        for range in ranges {
            let mut done = 0;
            while let Some(run) = self.next_rmap_run(from, range, done, Want::Migrating) {
                if run.leaf {
                    self.restore_leaf(range.area, run.slot, to);
                } else {
                    self.restore_ptes(range.area, run.slot, to + run.page, run.len);
                }
                done = run.vpn + run.len - range.start;
            }
        }
    }

    /// F8 for PTEs whose pages begin at frame `pfn` and lie in one folio.
    pub(crate) fn restore_ptes(&mut self, area: Area, slot: Slot, pfn: Pfn, len: u32) {
        let id = self.folios.of(pfn);
        if self.folios[id].device().is_some() {
            return self.restore_device_ptes(area, slot, pfn, len);
        }
        let mut kept = Entry::YOUNG | Entry::WRITE | Entry::SOFT_DIRTY;
        if self.folios[id].flags.has(FolioFlags::DIRTY) {
            kept |= Entry::DIRTY;
        }
        let protection = Self::protection(area) & Entry::PROTNONE;
        let lost =
            if fault!(self, MigrateRestoreReadableExclusiveLost) { Entry::EXCLUSIVE } else { 0 };
        let granted = if fault!(self, MigrateMkdirtyGrantsWrite) { Entry::WRITE } else { 0 };
        for (entry, pfn) in self.tables.run_mut(slot, len as usize).iter_mut().zip(pfn..) {
            if entry.has(Entry::DIRTY) {
                *entry = entry.with(granted);
            }
            let exclusive = entry.without(lost).0 & (Entry::WRITE | Entry::EXCLUSIVE) != 0;
            // INV20: a writable entry has no write protection.
            let kept = if entry.has(Entry::WRITE) { kept } else { kept | Entry::UFFD_WP };
            *entry = Entry::page(pfn, entry.0 & kept | protection);
            self.folios.exclusive.fill(pfn, 1, exclusive);
        }
        self.add_rmap_ptes(id, pfn, len, area.pid);
        self.folios[id].refs += len;
    }

    /// F8 for a PMD (F4): making it dirty makes it soft-dirty, too.
    fn restore_leaf(&mut self, area: Area, pmd: Slot, head: Pfn) {
        let entry = self.tables.get(pmd);
        let id = self.folios.of(head);
        if self.folios[id].device().is_some() {
            return self.restore_device_leaf(area, pmd, head);
        }
        let dirty = entry.has(Entry::DIRTY) && self.folios[id].flags.has(FolioFlags::DIRTY);
        let kept = entry.0 & (CARRIED & !Entry::DIRTY);
        let dirty = if dirty { self.dirty_bits() } else { 0 };
        let protection = Self::protection(area) & Entry::PROTNONE;
        self.tables.set(pmd, Entry::leaf(head, kept | dirty | protection));
        let exclusive = entry.0 & (Entry::WRITE | Entry::EXCLUSIVE) != 0;
        self.folios.exclusive.fill(head, 1, exclusive);
        self.add_rmap_pmd(id, area.pid);
        self.folios[id].refs += 1;
    }
}
