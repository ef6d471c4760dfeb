//! The second and third phase of a device migration: the driver allocates and copies, the pages move or
//! are inserted (N7, N8), the entries are restored (N9).

use mm_ops::{
    AllocKind, DevFlags, EntryFlags, Errno, EventKind, FolioFlags, Order, Pid, Token, Value,
    VmaFlags, Vpn,
};

use super::{DevMigration, Migrator, Word};
use crate::coverage::rule;
use crate::state::{FolioId, Holding, Mapped, Page, PmdKind, Pte, Reference};

/// `dev_pages`.
impl Reference {
    pub(super) fn dev_pages(&mut self, token: Token, to_device: bool) -> Result<u32, Errno> {
        let name = self.named_migration(token)?;
        if self.dev_migration(name).paged {
            return Err(Errno::EINVAL);
        }
        self.allocate_and_copy(name, to_device);
        self.migrate_pages(name, to_device);
        Ok(self.dev_migration(name).count())
    }

    /// The driver's part of N7: a destination for each word with MIGRATE, as far as there is memory.
    pub(super) fn allocate_and_copy(&mut self, name: Migrator, to_device: bool) {
        let DevMigration { device, pid, range, .. } = *self.dev_migration(name);
        for at in 0..range.len as usize {
            let word = *self.word(name, at);
            let vpn = range.start.0 + at as u32;
            if !word.migrates() {
                continue;
            }
            let whole = word.src.has(DevFlags::COMPOUND);
            let order = if whole { self.config.pmd_order() } else { Order(0) };
            let made = if to_device {
                self.new_device_folio(device, order, (pid, vpn))
            } else if self.allocate(AllocKind::Folio(order), pid, vpn) {
                Some(self.bare_folio(order))
            } else {
                None
            };
            rule!(self.coverage, N7, u8::from(made.is_some()));
            let Some(to) = made else { continue };
            for page in vpn..vpn + order.pages() {
                self.devices.maps.remove(&(device, pid, page));
            }
            if let Some(from) = word.from {
                let content: Vec<Value> =
                    self.folio(from).pages.iter().map(|page| page.value).collect();
                for (page, value) in self.folio_mut(to).pages.iter_mut().zip(content) {
                    page.value = value;
                }
            }
            let dst = DevFlags::VALID.with_if(DevFlags::COMPOUND, whole);
            *self.word(name, at) = Word { dst, to: Some(to), ..word };
        }
    }

    /// N7: migrate_vma_pages.
    pub(super) fn migrate_pages(&mut self, name: Migrator, to_device: bool) {
        self.dev_migration(name).paged = true;
        let mut told = false;
        for at in 0..self.dev_migration(name).words.len() {
            let Word { src, from, to, .. } = *self.word(name, at);
            let done = match (from, to) {
                (_, None) => false,
                (None, Some(_)) if !src.has(DevFlags::MIGRATE) => continue,
                (None, Some(to)) => {
                    if !told {
                        self.tell_of_insertions(name, at);
                        told = true;
                    }
                    self.insert_page(name, at, to)
                }
                (Some(from), Some(to)) => self.move_to_destination(from, to, to_device),
            };
            if !done {
                self.word(name, at).give_up();
            }
        }
    }

    /// N7 for a page: whoever refers to it besides us keeps it where it is.
    fn move_to_destination(&mut self, from: FolioId, to: FolioId, to_device: bool) -> bool {
        if to_device && self.in_swap_cache(from) {
            // N15 (e): older kernels did not even try.
            let old = self.config.migdev_old;
            let freed = !old && self.free_swap(from);
            rule!(self.coverage, N7, if freed { 2 } else { 3 });
            if old {
                rule!(self.coverage, N15, 2);
            }
            if !freed {
                return false;
            }
        }
        if !to_device && self.under_writeback(from) {
            // A driver must not do this: the kernel would stop.
            rule!(self.coverage, N7, 4);
            return false;
        }
        let moved = self.move_folio(from, to);
        rule!(self.coverage, N7, if moved { 5 } else { 6 });
        moved
    }
}

/// Insertion into empty places.
impl Reference {
    /// N8: one event, for all places from the first one on.
    fn tell_of_insertions(&mut self, name: Migrator, at: usize) {
        let DevMigration { device, pid, range, .. } = *self.dev_migration(name);
        let first = range.start.0 + at as u32;
        self.notify_others(EventKind::Migrate, pid, first..range.end() as u32, device);
    }

    /// N8: the page is mapped, if the place is still empty. What was allocated for it stays.
    fn insert_page(&mut self, name: Migrator, at: usize, to: FolioId) -> bool {
        let DevMigration { pid, range, .. } = *self.dev_migration(name);
        let vpn = range.start.0 + at as u32;
        let Some(vma) = self.vma(pid, Vpn(vpn)) else {
            rule!(self.coverage, N8, 0);
            return false;
        };
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        if self.ensure_pmd_table(pid, vpn).is_err() {
            rule!(self.coverage, N8, 1);
            return false;
        }
        if !matches!(self.pmd(pid, vpn), PmdKind::None | PmdKind::Table) {
            rule!(self.coverage, N8, 2);
            return false;
        }
        let prepared =
            self.ensure_pte_table(pid, vpn).is_ok() && self.prepare_anon_vma(pid, vpn).is_ok();
        let empty = matches!(self.pte(pid, vpn), Pte::None | Pte::Zero(_));
        if !prepared || !empty || vma_flags.has(VmaFlags::UFFD_MISSING) {
            rule!(self.coverage, N8, 3);
            return false;
        }
        let swapbacked = !vma_flags.has(VmaFlags::DROPPABLE);
        let flags = &mut self.folio_mut(to).flags;
        *flags = flags.with_if(FolioFlags::SWAPBACKED, swapbacked);
        let written = vma_flags.has(VmaFlags::WRITE);
        let on_device = self.is_device_folio(to);
        rule!(self.coverage, N8, if on_device { 4 } else { 5 });
        self.first_mapping(to, pid, vpn, 1);
        let pte = if on_device {
            let flags = EntryFlags::NONE.with_if(EntryFlags::WRITE, written);
            Pte::DevPrivate(Mapped { folio: to, page: 0, flags })
        } else {
            self.lru_add(to, vma_flags);
            let flags = if written { self.made_writable(prot, vma_flags) } else { prot };
            Pte::Page(Mapped { folio: to, page: 0, flags })
        };
        self.set_pte(pid, vpn, pte);
        let Page { value, .. } = *self.page(to, 0);
        *self.page_mut(to, 0) = Page { value, exclusive: true, ..Page::default() };
        true
    }
}

/// `dev_finalize`.
impl Reference {
    pub(super) fn dev_finalize(&mut self, token: Token) -> Result<(), Errno> {
        let name = self.named_migration(token)?;
        self.finalize(name);
        Ok(())
    }

    /// N9, N16: the entries are restored, to the destination where the page moved; our locks and
    /// references go, and what nothing refers to is then free.
    pub(super) fn finalize(&mut self, name: Migrator) {
        for at in 0..self.dev_migration(name).words.len() {
            let word @ Word { from, to, .. } = *self.word(name, at);
            if let Some(from) = from {
                let target = to.filter(|_| word.migrates()).unwrap_or(from);
                rule!(self.coverage, N9, u8::from(target != from));
                if self.device_of(target).is_none() {
                    self.add_folio_flags(target, FolioFlags::LRU);
                }
                if self.walk_of_migration_entries(target, from).len() > 1 {
                    rule!(self.coverage, N14);
                }
                self.bring_back(from, target);
            } else if to.is_some() {
                rule!(self.coverage, N9, if word.migrates() { 2 } else { 3 });
            }
            rule!(self.coverage, N16);
            *self.word(name, at) = Word::default();
        }
        self.end(name);
    }
}

/// What an exit means to migrations.
impl Reference {
    /// The empty places of a process that ends are never populated, not even if its name is used again.
    pub(crate) fn forget_empty_places(&mut self, pid: Pid) {
        for held in self.tokens.iter_mut().flatten() {
            if let Holding::DevMigration(migration) = &mut held.holding
                && migration.pid == pid
                && !migration.paged
            {
                migration
                    .words
                    .iter_mut()
                    .filter(|word| word.is_empty_place())
                    .for_each(Word::give_up);
            }
        }
    }
}
