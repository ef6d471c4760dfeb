//! Device migration (rulebook area N): the words of one between its phases, the operations, the second
//! half of the work (N7 to N9): identities move to the destinations, holes are filled, and
//! MIGRATION entries become mappings again.

use super::collect::Collector;
use crate::circumstances::{Circumstance, Held};
use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::Model;
use crate::race::Point;
use mm_ops::{
    DevFlags, DevSelect, DevWordSnap, Device, Errno, EventKind, FolioFlags, PageRange, Pid,
    TOKENS_MAX, Token, VmaFlags, Vpn,
};

/// A source word and its destination word (N1).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    pub(super) src: DevFlags,
    pub(super) from: Option<FolioId>,
    pub(super) dst: DevFlags,
    pub(super) to: Option<FolioId>,
}

impl Word {
    /// Nothing is migrated.
    pub(super) const NOTHING: Self =
        Self { src: DevFlags::NONE, from: None, dst: DevFlags::NONE, to: None };

    /// An empty place that may be filled.
    pub(super) const HOLE: Self = Self { src: DevFlags::MIGRATE, ..Self::NOTHING };

    /// A block to be migrated whole: the word of its first page, and no other.
    pub(super) const fn block(id: FolioId, write: bool) -> Self {
        let word = Self::page(id, write);
        Self { src: word.src.with(DevFlags::COMPOUND), ..word }
    }

    /// A page to be migrated.
    pub(super) const fn page(id: FolioId, write: bool) -> Self {
        let src = DevFlags::VALID.with(DevFlags::MIGRATE).with_if(DevFlags::WRITE, write);
        Self { src, from: Some(id), ..Self::NOTHING }
    }
}

/// A device migration between its setup and its end.
#[derive(Clone, Debug)]
pub(crate) struct DevMigration {
    pub(super) device: Device,
    pub(super) pid: Pid,
    pub(super) start: u32,
    /// One word a page.
    pub(super) words: Vec<Word>,
    /// `dev_pages` was done.
    pub(super) paged: bool,
    /// The page of the CPU fault that this is for, which the fault locked and refers to (N12).
    pub(super) fault: Option<Pfn>,
}

impl DevMigration {
    pub(super) fn new(device: Device, pid: Pid, range: PageRange, fault: Option<Pfn>) -> Self {
        let words = vec![Word::NOTHING; range.len as usize];
        Self { device, pid, start: range.start.0, words, paged: false, fault }
    }

    /// Words that have MIGRATE.
    pub(super) fn to_migrate(&self) -> u32 {
        self.words.iter().filter(|word| word.src.has(DevFlags::MIGRATE)).count() as u32
    }

    /// The folio that has the identity of a source now, if it is one.
    pub(crate) fn home_of(&self, source: FolioId) -> Option<FolioId> {
        let word = self.words.iter().find(|word| word.from == Some(source))?;
        if self.paged && word.src.has(DevFlags::MIGRATE) { word.to } else { word.from }
    }

    /// Whether a folio is a source.
    pub(crate) fn has_source(&self, id: FolioId) -> bool {
        self.words.iter().any(|word| word.from == Some(id))
    }

    /// The process ends: nothing will be filled in there any more.
    fn lose_holes(&mut self) {
        for word in self.words.iter_mut().filter(|word| word.from.is_none()) {
            word.src = DevFlags::NONE;
        }
    }

    /// What the token stands for.
    pub(crate) fn describe(&self) -> (Device, Pid, PageRange, bool) {
        (self.device, self.pid, PageRange::new(self.start, self.words.len() as u32), self.paged)
    }

    /// Its words that are not empty.
    pub(crate) fn snapshot(&self, token: Token) -> impl Iterator<Item = DevWordSnap> + '_ {
        self.words.iter().zip(self.start..).filter_map(move |(word, vpn)| {
            let Word { src, from, dst, to } = *word;
            let shown = src != DevFlags::NONE || dst != DevFlags::NONE;
            shown.then_some(DevWordSnap { token, vpn: Vpn(vpn), src, from, dst, to })
        })
    }
}

impl Model {
    /// The operation `dev_setup` (N2).
    pub(super) fn dev_setup(
        &mut self,
        (device, select): (Device, DevSelect),
        pid: Pid,
        range: PageRange,
        token: Token,
    ) -> Result<u32, Errno> {
        self.check_unused(token)?;
        self.check_device_range(range)?;
        let area = self.area_at(pid, range.start.0).ok_or(Errno::EINVAL)?;
        if range.end() > u64::from(area.end) {
            return Err(Errno::EINVAL);
        }
        let migration = self.set_up(area, range, Collector { device, select, fault: None });
        Ok(self.hold_migration(token, migration))
    }

    /// The operation `dev_evict` (N13).
    pub(super) fn dev_evict(
        &mut self,
        device: Device,
        pid: Pid,
        range: PageRange,
        token: Token,
    ) -> Result<u32, Errno> {
        self.check_unused(token)?;
        self.check_device_range(range)?;
        let mut migration = DevMigration::new(device, pid, range, None);
        self.collect_pfns(&mut migration);
        Ok(self.hold_migration(token, migration))
    }

    /// What fits a driver's arrays, and the address space.
    fn check_device_range(&self, range: PageRange) -> Result<(), Errno> {
        let fits = !range.is_empty() && range.len <= self.config.dev_range_max();
        if fits && self.within_space(range).is_some() { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// The token stands for the migration. Answers how many words have MIGRATE.
    fn hold_migration(&mut self, token: Token, migration: DevMigration) -> u32 {
        let pages = migration.to_migrate();
        let held = Held::DevMigration(migration);
        self.tokens[token.index()] = Some(Circumstance { held, folio: None });
        pages
    }

    /// Takes the migration that a token stands for.
    fn take_migration(&mut self, token: Token) -> Result<DevMigration, Errno> {
        if token.0 >= TOKENS_MAX {
            return Err(Errno::EINVAL);
        }
        match self.tokens[token.index()].take() {
            Some(Circumstance { held: Held::DevMigration(migration), .. }) => Ok(migration),
            other => {
                self.tokens[token.index()] = other;
                Err(Errno::EBADF)
            }
        }
    }

    /// The operation `dev_pages`: what the driver does, then migrate_vma_pages.
    pub(super) fn dev_pages(&mut self, token: Token, to_device: bool) -> Result<u32, Errno> {
        let mut migration = self.take_migration(token)?;
        let paged = migration.paged;
        if !paged {
            self.fill_destinations(&mut migration, to_device);
            self.migrate_pages(&mut migration);
        }
        let pages = self.hold_migration(token, migration);
        if paged { Err(Errno::EINVAL) } else { Ok(pages) }
    }

    /// The operation `dev_finalize`.
    pub(super) fn dev_finalize(&mut self, token: Token) -> Result<(), Errno> {
        let migration = self.take_migration(token)?;
        self.finalize(&migration);
        Ok(())
    }

    /// A process ends: no migration of its memory fills a hole any more (N8).
    pub(crate) fn lose_holes_of(&mut self, pid: Pid) {
        for held in self.tokens.iter_mut().flatten() {
            if let Held::DevMigration(migration) = &mut held.held
                && migration.pid == pid
                // Those that were filled are no holes any more.
                && !migration.paged
            {
                migration.lose_holes();
            }
        }
    }

    /// The driver allocates and copies; where it cannot, it goes on with the next page. Its own
    /// translation of a page goes before the copy is made.
    pub(super) fn fill_destinations(&mut self, migration: &mut DevMigration, to_device: bool) {
        let (device, pid) = (migration.device, migration.pid);
        for (word, vpn) in migration.words.iter_mut().zip(migration.start..) {
            if !word.src.has(DevFlags::MIGRATE) {
                continue;
            }
            let memory = to_device.then_some(device);
            let compound = word.src.has(DevFlags::COMPOUND);
            let order = if compound { self.geometry.shift as u8 } else { 0 };
            let Some(to) = self.allocate_destination(memory, order, pid, vpn) else {
                continue;
            };
            let pages = self.folios[to].pages();
            (vpn..vpn + pages).for_each(|vpn| self.devices.forget(device, pid, vpn));
            if let Some(from) = word.from {
                let source = self.folios[from].head as usize;
                let target = self.folios[to].head as usize;
                self.folios.value.copy_within(source..source + pages as usize, target);
            }
            word.dst = DevFlags::VALID.with_if(DevFlags::COMPOUND, compound);
            word.to = Some(to);
        }
    }

    /// migrate_vma_pages (N7, N8).
    pub(super) fn migrate_pages(&mut self, migration: &mut DevMigration) {
        let DevMigration { device, pid, start, fault, .. } = *migration;
        let end = start + migration.words.len() as u32;
        let mut told = false;
        for (word, vpn) in migration.words.iter_mut().zip(start..) {
            let migrated = match (word.from, word.to) {
                (_, None) => false,
                (None, Some(_)) if !word.src.has(DevFlags::MIGRATE) => continue,
                (None, Some(to)) => {
                    if !told {
                        let range = PageRange::new(vpn, end - vpn);
                        self.notify_owned(EventKind::Migrate, pid, range, device);
                        told = true;
                    }
                    self.insert_page(pid, vpn, to)
                }
                (Some(from), Some(to)) => self.switch_source(from, to, fault),
            };
            if !migrated {
                word.src = word.src.without(DevFlags::MIGRATE);
            }
        }
        migration.paged = true;
    }

    /// N7: the destination becomes what the source was, if nobody else refers to it. Answers whether it
    /// did.
    fn switch_source(&mut self, from: FolioId, to: FolioId, fault: Option<Pfn>) -> bool {
        let flags = self.folios[from].flags;
        if self.folios[to].device().is_some() {
            let cached = flags.has(FolioFlags::SWAPCACHE);
            if cached && (self.config.migdev_old || !self.free_swap(from)) {
                return false;
            }
        } else if flags.has(FolioFlags::WRITEBACK) {
            return false;
        }
        let source = &self.folios[from];
        let expected = 1
            + source.cache_refs()
            + u32::from(fault.is_some_and(|pfn| self.folios.of(pfn) == from));
        if source.refs != expected && !fault!(self, MigrateVmaIgnoresFailedShare) {
            return false;
        }
        self.switch_identity(from, to);
        true
    }

    /// N8: a fresh page in an empty place, or in that of a zero page. What was allocated on the way
    /// stays. Answers whether it is there.
    fn insert_page(&mut self, pid: Pid, vpn: u32, to: FolioId) -> bool {
        let Some(area) = self.area_at(pid, vpn) else {
            return false;
        };
        let Ok(pmd) = self.pmd_slot_alloc(pid, vpn) else {
            return false;
        };
        if self.tables.get(pmd).is_huge() {
            return false;
        }
        let Ok(slot) = self.pte_slot_alloc(pid, pmd, vpn) else {
            return false;
        };
        if self.prepare_anon_vma(pid, area.index).is_err() {
            return false;
        }
        let old = self.tables.get(slot);
        let empty = old.is_none() || old.is_zero() || fault!(self, MigrateVmaInsertOverwrites);
        let missing = area.has(VmaFlags::UFFD_MISSING);
        if !empty || (missing && !fault!(self, MigrateVmaInsertIgnoresUffd)) {
            return false;
        }
        let head = self.folios[to].head;
        let device = self.folios[to].device().is_some();
        let entry = if device {
            Entry::device_private(head, Self::write_bit(area))
        } else {
            let dirty = if area.has(VmaFlags::WRITE) { self.dirty_bits() } else { 0 };
            Entry::page(head, Self::protection(area) | Self::write_bit(area) | dirty)
        };
        self.mms[pid.index()].rss += 1;
        self.adopt_fresh(area, to, vpn);
        self.add_rmap_ptes(to, head, 1, pid);
        self.folios.exclusive.fill(head, 1, true);
        self.folios[to].refs += 1;
        if !device {
            self.folios[to].set(FolioFlags::LRU, true);
            self.add_to_lru(to, area.has(VmaFlags::LOCKED));
        }
        if old.is_zero() {
            self.blink(slot, Point::DevHoleCleared);
            self.flush_tlb(pid, vpn, vpn + 1);
        }
        self.tables.set(slot, entry);
        true
    }

    /// migrate_vma_finalize (N9): what has moved is mapped at its destination, everything else where it
    /// was.
    pub(super) fn finalize(&mut self, migration: &DevMigration) {
        for word in &migration.words {
            let moved = word.src.has(DevFlags::MIGRATE);
            let mut unused = word.to;
            if let Some(from) = word.from {
                let kept = unused.take_if(|_| moved).unwrap_or(from);
                if self.folios[kept].device().is_none() || fault!(self, DevprivateFinalizeWrongLru)
                {
                    self.folios[kept].set(FolioFlags::LRU, true);
                }
                let ranges = self.rmap_ranges(kept);
                let (source, target) = (self.folios[from].head, self.folios[kept].head);
                self.remove_migration_entries(&ranges, source, target);
                self.release_source(from, migration.fault);
                if kept != from {
                    self.release_source(kept, None);
                }
            }
            if let Some(to) = unused {
                self.release_source(to, None);
            }
        }
    }
}
