//! Whole blocks in a device's memory (`Config::dev_thp`): they are migrated there and back as one, as
//! kernels after 6.18 do; or split where they cannot be.

use std::ops::Range;

use mm_ops::{DevFlags, DevSelect, EntryFlags, PageRange, Pid};

use super::Migrator;
use super::collect::collected;
use crate::coverage::rule;
use crate::fault::Fault;
use crate::state::{Leaf, Mapped, PmdKind, Pte, Reference};

/// Collecting.
impl Reference {
    /// N3 for a leaf of ordinary memory: left alone if it is not selected, collected as one if it lies
    /// wholly in the range. `true`: nothing is left to do for this part.
    pub(super) fn collect_leaf(
        &mut self,
        name: Migrator,
        part: &Range<u32>,
        select: DevSelect,
    ) -> bool {
        let whole = part.len() as u32 == self.ptes();
        if !self.config.dev_thp {
            return false;
        }
        !select.system || whole && self.collect_block_whole(name, part.start)
    }

    /// The same for a leaf in a device's memory.
    pub(super) fn collect_device_leaf(
        &mut self,
        name: Migrator,
        part: &Range<u32>,
        select: DevSelect,
    ) -> bool {
        let super::DevMigration { pid, device, .. } = *self.dev_migration(name);
        let PmdKind::DevPrivate(leaf) = self.pmd(pid, part.start) else { return false };
        if !select.private || self.device_of(leaf.folio) != Some(device) {
            rule!(self.coverage, N3, 11);
            return true;
        }
        part.len() as u32 == self.ptes() && self.collect_block_whole(name, part.start)
    }

    /// The leaf becomes a PMD MIGRATION entry (F4), its first word stands for all of it. `true`: settled,
    /// also if somebody has the lock; `false`: it cannot be shared, and is to be split.
    fn collect_block_whole(&mut self, name: Migrator, start: u32) -> bool {
        let pid = self.dev_migration(name).pid;
        let (PmdKind::Leaf(leaf) | PmdKind::DevPrivate(leaf)) = self.pmd(pid, start) else {
            return false;
        };
        self.between_steps();
        if self.locked(leaf.folio) {
            rule!(self.coverage, N4, 4);
            return true;
        }
        if !self.take_leaf_down(pid, start, leaf) {
            return false;
        }
        rule!(self.coverage, N4, 5);
        let at = self.place_in(name, start);
        let mut word = collected(leaf.folio, leaf.flags.has(EntryFlags::WRITE));
        word.src = word.src.with(DevFlags::COMPOUND);
        *self.word(name, at) = word;
        true
    }

    /// N13 for a leaf: how many pages are done with it.
    pub(super) fn evict_leaf(&mut self, name: Migrator, vpn: u32, leaf: Leaf) -> u32 {
        let (device, range) = {
            let migration = self.dev_migration(name);
            (migration.device, migration.range)
        };
        let start = self.block_start(vpn);
        let end = self.block_end(vpn, u32::MAX);
        let whole = vpn == start && u64::from(end) <= range.end();
        let own = self.device_of(leaf.folio) == Some(device);
        if whole && own && !self.locked(leaf.folio) {
            rule!(self.coverage, N13, 4);
            let at = self.place_in(name, vpn);
            let mut word = collected(leaf.folio, false);
            word.src = word.src.with(DevFlags::COMPOUND);
            *self.word(name, at) = word;
        }
        end - vpn
    }

    /// A page of a device as a folio of its own: a large one is split first. None: it cannot be.
    pub(super) fn single_device_page(
        &mut self,
        pid: Pid,
        vpn: u32,
        mapped: Mapped,
    ) -> Option<Mapped> {
        if self.folio(mapped.folio).large() {
            let split = !self.locked(mapped.folio)
                && self.split_to_pages(mapped.folio, mapped.page).is_ok();
            rule!(self.coverage, N3, if split { 12 } else { 13 });
            if !split {
                return None;
            }
        }
        match self.pte(pid, vpn) {
            Pte::DevPrivate(mapped) => Some(mapped),
            _ => None,
        }
    }
}

/// Accesses.
impl Reference {
    /// N12 for a leaf: the block comes back as one if there is memory for it, else the page alone.
    pub(crate) fn device_leaf_fault(&mut self, pid: Pid, vpn: u32) -> Result<(), Fault> {
        let PmdKind::DevPrivate(Leaf { folio, .. }) = self.pmd(pid, vpn) else { return Ok(()) };
        let start = self.block_start(vpn);
        match self.migrate_to_ram(pid, PageRange::new(start, self.ptes()), folio) {
            Err(Fault::Bus) => {
                rule!(self.coverage, N12, 4);
                self.split_pmd(pid, vpn);
                self.device_fault(pid, vpn)
            }
            result => result,
        }
    }

    /// Splits a leaf of a device's folio: as G2, but nothing of it is young or dirty.
    pub(crate) fn split_device_leaf(&mut self, pid: Pid, start: u32, leaf: Leaf) {
        let Leaf { folio, flags } = leaf;
        rule!(self.coverage, G2, 3);
        let exclusive = self.page(folio, 0).exclusive;
        let pages = self.ptes();
        self.mappings_to_add(folio, pid, pages);
        self.set_table(pid, start);
        for page in 0..pages {
            self.set_pte(pid, start + page, Pte::DevPrivate(Mapped { folio, page, flags }));
            self.page_mut(folio, page).exclusive |= exclusive;
        }
        self.pmd_removed(folio, pid);
    }
}
