//! The first phase of a device migration (N2 … N6, N13): pages are collected, each locked, with a
//! reference, its entry a MIGRATION entry; then they are taken from everybody else. What cannot be goes back.

use std::ops::Range;

use mm_ops::{
    DevFlags, DevSelect, Device, EntryFlags, Errno, EventKind, FolioFlags, PageRange, Pid, Token,
};

use super::{DevMigration, Migrator, Word};
use crate::coverage::rule;
use crate::migrate::migration_flags;
use crate::state::{FolioId, Mapped, PmdKind, Pte, Reference};

/// `dev_setup`.
impl Reference {
    /// N2: cpages.
    pub(super) fn dev_setup(
        &mut self,
        device: Device,
        pid: Pid,
        range: PageRange,
        token: Token,
        select: DevSelect,
    ) -> Result<u32, Errno> {
        self.free_token(token)?;
        let long = range.is_empty() || range.len > self.config.dev_range_max();
        let vma = self.vma(pid, range.start).filter(|vma| range.end() <= u64::from(vma.end));
        if long || vma.is_none() {
            rule!(self.coverage, N2, 0);
            return Err(Errno::EINVAL);
        }
        rule!(self.coverage, N2, 1);
        let name = Migrator::Token(token);
        self.setup(name, DevMigration::new(device, pid, range), select);
        Ok(self.dev_migration(name).count())
    }

    /// N2: migrate_vma_setup, for whoever calls it. The range lies in a VMA.
    pub(super) fn setup(&mut self, name: Migrator, migration: DevMigration, select: DevSelect) {
        let DevMigration { device, pid, range, .. } = migration;
        let pages = range.start.0..range.end() as u32;
        self.begin(name, migration);
        self.notify_others(EventKind::Migrate, pid, pages.clone(), device);
        let mut at = pages.start;
        while at < pages.end {
            let part = at..self.block_end(at, pages.end);
            at = part.end;
            self.collect_block(name, part, select);
        }
        self.unmap_phase(name);
    }

    /// N3: a block, or the part of it in the range.
    fn collect_block(&mut self, name: Migrator, part: Range<u32>, select: DevSelect) {
        let pid = self.dev_migration(name).pid;
        match self.pmd(pid, part.start) {
            PmdKind::None => {
                rule!(self.coverage, N3, 0);
                for vpn in part {
                    self.collect_hole(name, vpn);
                }
                return;
            }
            PmdKind::Migration(_) => {
                // Whoever migrates it does so behind a token, and never goes on.
                rule!(self.coverage, N3, 1);
                return;
            }
            PmdKind::HugeZero(_) => {
                rule!(self.coverage, N3, 2);
                self.split_pmd(pid, part.start);
            }
            PmdKind::Leaf(leaf) => {
                if self.collect_leaf(name, &part, select) {
                    return;
                }
                let split = !self.locked(leaf.folio) && self.split_folio(leaf.folio);
                rule!(self.coverage, N3, if split { 3 } else { 4 });
                if !split {
                    return;
                }
            }
            PmdKind::DevPrivate(_) => {
                if self.collect_device_leaf(name, &part, select) {
                    return;
                }
                self.split_pmd(pid, part.start);
            }
            PmdKind::Table => {}
        }
        for vpn in part {
            self.collect_entry(name, vpn, select);
        }
    }

    /// N3: one PTE.
    fn collect_entry(&mut self, name: Migrator, vpn: u32, select: DevSelect) {
        let DevMigration { pid, device, .. } = *self.dev_migration(name);
        match self.pte(pid, vpn) {
            Pte::None => {
                rule!(self.coverage, N3, 5);
                self.collect_hole(name, vpn);
            }
            Pte::Zero(_) if select.system => {
                rule!(self.coverage, N3, 6);
                self.collect_hole(name, vpn);
            }
            Pte::Page(mapped) if select.system && !self.folio(mapped.folio).large() => {
                rule!(self.coverage, N3, 7);
                self.collect_page(name, vpn, mapped);
            }
            Pte::DevPrivate(mapped)
                if select.private && self.device_of(mapped.folio) == Some(device) =>
            {
                rule!(self.coverage, N3, 8);
                if let Some(mapped) = self.single_device_page(pid, vpn, mapped) {
                    self.collect_page(name, vpn, mapped);
                }
            }
            Pte::Zero(_) | Pte::Page(_) | Pte::DevPrivate(_) => rule!(self.coverage, N3, 9),
            _ => rule!(self.coverage, N3, 10),
        }
    }

    /// An empty place: it may be populated.
    fn collect_hole(&mut self, name: Migrator, vpn: u32) {
        rule!(self.coverage, N1, 0);
        let at = self.place_in(name, vpn);
        self.word(name, at).src = DevFlags::MIGRATE;
    }

    /// N4: the page is locked, its entry becomes a MIGRATION entry, the mapping goes, our reference stays.
    fn collect_page(&mut self, name: Migrator, vpn: u32, mapped: Mapped) {
        self.between_steps();
        let Mapped { folio, page, flags } = mapped;
        if self.locked(folio) {
            rule!(self.coverage, N4, 0);
            return;
        }
        let exclusive = self.page(folio, page).exclusive;
        if exclusive && !self.share(folio, page) {
            rule!(self.coverage, N4, 1);
            return;
        }
        rule!(self.coverage, N4, if exclusive { 2 } else { 3 });
        rule!(self.coverage, N1, 1);
        let on_device = self.is_device_folio(folio);
        if on_device {
            rule!(self.coverage, N11);
        }
        let mut carried = migration_flags(flags, exclusive);
        if self.config.migdev_old {
            // N15 (a): what the hardware has noted in the entry goes with it.
            rule!(self.coverage, N15, u8::from(flags.has(EntryFlags::DIRTY)));
            carried = carried.without(EntryFlags::YOUNG.with(EntryFlags::DIRTY));
        } else if flags.has(EntryFlags::DIRTY) {
            self.mark_folio_dirty(folio);
        }
        let at = self.place_in(name, vpn);
        let pid = self.dev_migration(name).pid;
        let written = flags.has(EntryFlags::WRITE);
        *self.word(name, at) = collected(folio, written);
        self.set_pte(pid, vpn, Pte::Migration(Mapped { folio, page, flags: carried }));
        self.ptes_removed(folio, pid, page..page + 1);
    }

    /// Which word a page has.
    pub(super) fn place_in(&mut self, name: Migrator, vpn: u32) -> usize {
        (vpn - self.dev_migration(name).range.start.0) as usize
    }
}

/// The word of a page that was collected.
pub(super) fn collected(folio: FolioId, written: bool) -> Word {
    let src = DevFlags::VALID.with(DevFlags::MIGRATE).with_if(DevFlags::WRITE, written);
    Word { src, from: Some(folio), ..Word::default() }
}

/// `dev_evict`.
impl Reference {
    /// N13: the pages of the device that entries of a range name, whatever maps the range. The entries stay
    /// for now: all of them are found by the walk.
    pub(super) fn dev_evict(
        &mut self,
        device: Device,
        pid: Pid,
        range: PageRange,
        token: Token,
    ) -> Result<u32, Errno> {
        self.free_token(token)?;
        let beyond = range.end() > u64::from(self.config.space_pages());
        if range.is_empty() || range.len > self.config.dev_range_max() || beyond {
            return Err(Errno::EINVAL);
        }
        rule!(self.coverage, N13);
        let name = Migrator::Token(token);
        self.begin(name, DevMigration::new(device, pid, range));
        let mut vpn = range.start.0;
        while u64::from(vpn) < range.end() {
            vpn += self.evict_at(name, vpn);
        }
        self.unmap_phase(name);
        Ok(self.dev_migration(name).count())
    }

    /// One entry, and how many pages are done with it.
    fn evict_at(&mut self, name: Migrator, vpn: u32) -> u32 {
        let DevMigration { device, pid, .. } = *self.dev_migration(name);
        if let PmdKind::DevPrivate(leaf) = self.pmd(pid, vpn) {
            return self.evict_leaf(name, vpn, leaf);
        }
        let Pte::DevPrivate(mapped) = self.pte(pid, vpn) else { return 1 };
        if self.device_of(mapped.folio) != Some(device) {
            rule!(self.coverage, N13, 1);
            return 1;
        }
        let Some(Mapped { folio, .. }) = self.single_device_page(pid, vpn, mapped) else {
            return 1;
        };
        let locked = self.locked(folio);
        rule!(self.coverage, N13, if locked { 2 } else { 3 });
        if !locked {
            let at = self.place_in(name, vpn);
            *self.word(name, at) = collected(folio, false);
        }
        1
    }
}

/// The unmap phase.
impl Reference {
    /// N5, N6: only if anything was collected (N2).
    fn unmap_phase(&mut self, name: Migrator) {
        if self.dev_migration(name).count() > 0 {
            self.unmap_collected(name);
            self.restore_refused(name);
        }
    }

    /// N5: every page leaves the LRU and whoever else maps it. What cannot loses MIGRATE.
    fn unmap_collected(&mut self, name: Migrator) {
        self.drain();
        for at in 0..self.dev_migration(name).words.len() {
            let Some(folio) = self.word(name, at).from else { continue };
            if !self.unmap_one(name, at, folio) {
                self.word(name, at).give_up();
            }
        }
    }

    fn unmap_one(&mut self, name: Migrator, at: usize, folio: FolioId) -> bool {
        let on_device = self.is_device_folio(folio);
        if !on_device {
            self.drain_for(folio);
            if !self.folio(folio).flags.has(FolioFlags::LRU) {
                rule!(self.coverage, N5, 0);
                return false;
            }
            self.remove_folio_flags(folio, FolioFlags::LRU);
        }
        if self.mapcount(folio) > 0 {
            rule!(self.coverage, N5, 1);
            self.take_down(folio);
        }
        self.between_steps();
        let whole = self.word(name, at).src.has(DevFlags::COMPOUND);
        // Older kernels held a reference of a device's page for nothing: the slack is still there.
        let slack = u32::from(on_device);
        let taken = self.mapcount(folio) == 0
            && (whole || !self.folio(folio).large())
            && self.foreign_references(folio) <= slack;
        rule!(self.coverage, N5, if taken { 2 } else { 3 });
        if !taken && !on_device {
            self.add_folio_flags(folio, FolioFlags::LRU);
        }
        taken
    }

    /// N6: what lost MIGRATE goes back at once.
    fn restore_refused(&mut self, name: Migrator) {
        for at in 0..self.dev_migration(name).words.len() {
            let word = *self.word(name, at);
            if let Some(folio) = word.from
                && !word.migrates()
            {
                rule!(self.coverage, N6);
                self.bring_back(folio, folio);
                *self.word(name, at) = Word::default();
            }
        }
    }
}
