//! Migration (rulebook section F): every entry of a folio is taken down (F3, F4), its content moves
//! to a destination (F7), the entries are brought back (F8). A folio split (module `split`) uses the
//! first and the last of these steps.

use std::ops::Range;

use mm_ops::{AllocKind, EntryFlags, Errno, FolioFlags, Outcome, Pid, Token, Vpn};

use crate::coverage::rule;
use crate::device::DEVICE;
use crate::state::{
    Circumstance, FolioId, Holding, Leaf, Mapped, Page, Pmd, PmdKind, Pte, Reference,
};

/// The operations.
impl Reference {
    /// `migrate`.
    pub(crate) fn op_migrate(&mut self, pid: Pid, vpn: Vpn, token: Token, all: bool) -> Outcome {
        let Some(slot) = self.tokens.get(token.index()) else { return Outcome::Err(Errno::EINVAL) };
        if slot.is_some() {
            return Outcome::Err(Errno::EBUSY);
        }
        match self.begin_migration(pid, vpn.0, all) {
            Ok((from, to)) => {
                let holding = Holding::Migration { to, copied: false };
                let begun = Circumstance { holding, folio: Some(from) };
                self.tokens[token.index()] = Some(begun);
                Outcome::Ok
            }
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// `migrate_copy`.
    pub(crate) fn op_migrate_copy(&mut self, token: Token) -> Outcome {
        let (from, to, copied) = match self.migration(token) {
            Ok(migration) => migration,
            Err(errno) => return Outcome::Err(errno),
        };
        if copied {
            return Outcome::Err(Errno::EINVAL);
        }
        if !self.move_folio(from, to) {
            return Outcome::Err(Errno::EAGAIN);
        }
        let holding = Holding::Migration { to, copied: true };
        self.tokens[token.index()] = Some(Circumstance { holding, folio: Some(from) });
        Outcome::Ok
    }

    /// `migrate_end`.
    pub(crate) fn op_migrate_end(&mut self, token: Token) -> Outcome {
        let (from, to, copied) = match self.migration(token) {
            Ok(migration) => migration,
            Err(errno) => return Outcome::Err(errno),
        };
        // The locks and references go; what nothing refers to is then free.
        self.tokens[token.index()] = None;
        self.end_migration(from, if copied { to } else { from });
        Outcome::Ok
    }

    /// The migration a token names: source, destination, whether the copy was made.
    fn migration(&self, token: Token) -> Result<(FolioId, FolioId, bool), Errno> {
        match self.tokens.get(token.index()).ok_or(Errno::EINVAL)? {
            Some(Circumstance {
                holding: Holding::Migration { to, copied },
                folio: Some(from),
            }) => Ok((*from, *to, *copied)),
            _ => Err(Errno::EBADF),
        }
    }
}

/// The steps of a migration.
impl Reference {
    /// From the choice of the folio to its last entry (F1 … F6, F15): source and destination.
    fn begin_migration(
        &mut self,
        pid: Pid,
        vpn: u32,
        all: bool,
    ) -> Result<(FolioId, FolioId), Errno> {
        let mut folio = self.select_for_migration(pid, vpn, all)?;
        if self.folio(folio).flags.has(FolioFlags::PARTIALLY_MAPPED) {
            let page = self.page_at(pid, vpn);
            let split = !self.locked(folio) && self.split_to_pages(folio, page).is_ok();
            rule!(self.coverage, F15, u8::from(split));
            if split {
                // What is there now may be the zero page (F9), or poison (F3).
                folio = self.folio_to_migrate(pid, vpn)?;
            }
        }
        let to = self.migrate_away(folio, pid, vpn)?;
        Ok((folio, to))
    }

    /// F1: the folio mapped at a page, if it may be migrated.
    fn select_for_migration(&mut self, pid: Pid, vpn: u32, all: bool) -> Result<FolioId, Errno> {
        let folio = self.folio_to_migrate(pid, vpn)?;
        if !all && self.maybe_mapped_shared(folio) {
            rule!(self.coverage, F1, 2);
            return Err(Errno::EACCES);
        }
        if !self.folio(folio).flags.has(FolioFlags::LRU) {
            rule!(self.coverage, F1, 3);
            return Err(Errno::EBUSY);
        }
        rule!(self.coverage, F1, 4);
        Ok(folio)
    }

    /// F1: the folio a present entry maps.
    fn folio_to_migrate(&mut self, pid: Pid, vpn: u32) -> Result<FolioId, Errno> {
        let zero = matches!(self.pmd(pid, vpn), PmdKind::HugeZero(_))
            || matches!(self.pte(pid, vpn), Pte::Zero(_));
        if zero {
            rule!(self.coverage, F1, 1);
            return Err(Errno::EFAULT);
        }
        let folio = self.mapped_folio(pid, vpn).ok_or(Errno::ENOENT);
        let folio = folio.and_then(|folio| self.ordinary(folio));
        if folio.is_err() {
            rule!(self.coverage, F1, 0);
        }
        folio
    }

    /// F1: pages in a device's memory are its driver's.
    fn ordinary(&self, folio: FolioId) -> Result<FolioId, Errno> {
        if self.is_device_folio(folio) { Err(Errno::ENOENT) } else { Ok(folio) }
    }

    /// F2 to F6: the folio leaves the LRU and all its entries; its destination is there. On failure
    /// everything is as before, but for what F12 and G21 say.
    pub(crate) fn migrate_away(
        &mut self,
        folio: FolioId,
        pid: Pid,
        vpn: u32,
    ) -> Result<FolioId, Errno> {
        let order = self.folio(folio).order;
        if !self.allocate(AllocKind::Folio(order), pid, vpn) {
            return Err(Errno::ENOMEM);
        }
        if self.locked(folio) {
            rule!(self.coverage, F2, 0);
            return Err(Errno::EAGAIN);
        }
        if self.under_writeback(folio) {
            rule!(self.coverage, F2, 1);
            return Err(Errno::EBUSY);
        }
        rule!(self.coverage, F2, 2);
        if !self.take_down(folio) {
            rule!(self.coverage, F6, 1);
            self.bring_back(folio, folio);
            return Err(Errno::EAGAIN);
        }
        rule!(self.coverage, F6, 0);
        let flags = &mut self.folio_mut(folio).flags;
        *flags = flags.without(FolioFlags::LRU);
        Ok(self.bare_folio(order))
    }

    /// F7: content and identity move, if nobody else refers to the source.
    pub(crate) fn move_folio(&mut self, from: FolioId, to: FolioId) -> bool {
        if self.mapcount(from) + self.foreign_references(from) > 0 {
            rule!(self.coverage, F7, 0);
            return false;
        }
        rule!(self.coverage, F7, 1);
        self.unqueue(from);
        let source = self.folio_mut(from);
        let (flags, index) = (source.flags, source.index);
        let kept = FolioFlags::SWAPBACKED.with(DEVICE);
        source.flags = FolioFlags(flags.0 & kept.0);
        source.index = 0;
        let mapping = source.mapping.take();
        let pages: Vec<_> = source.pages.iter().map(|page| page.value).collect();
        let destination = self.folio_mut(to);
        let place = FolioFlags(destination.flags.0 & DEVICE.0);
        destination.flags = flags.without(DEVICE).with(place);
        (destination.mapping, destination.index) = (mapping, index);
        for (page, value) in destination.pages.iter_mut().zip(pages) {
            *page = Page { value, ..Page::default() };
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.cache == Some(from)) {
            rule!(self.coverage, F7, 2);
            slot.cache = Some(to);
        }
        true
    }

    /// The entries come back, and the folio to the LRU; the other of the two is freed.
    pub(crate) fn end_migration(&mut self, from: FolioId, to: FolioId) {
        self.bring_back(from, to);
        let flags = &mut self.folio_mut(to).flags;
        *flags = flags.with(FolioFlags::LRU);
    }
}

/// Taking entries down.
impl Reference {
    /// try_to_migrate: every entry that maps the folio becomes a MIGRATION entry. The first that
    /// cannot be shared ends it, with `false`.
    pub(crate) fn take_down(&mut self, folio: FolioId) -> bool {
        self.walk_to_unmap(folio, |machine, pid, vpn| {
            machine.between_steps();
            match machine.pmd(pid, vpn) {
                PmdKind::Leaf(leaf) | PmdKind::DevPrivate(leaf) => {
                    machine.take_leaf_down(pid, vpn, leaf)
                }
                _ => machine.take_page_down(pid, vpn),
            }
        })
    }

    /// A walk that takes mappings away, VMA by VMA, until `take` refuses or nothing is mapped any more
    /// (L12); devices are told of each VMA it visits (O11).
    pub(crate) fn walk_to_unmap(
        &mut self,
        folio: FolioId,
        mut take: impl FnMut(&mut Self, Pid, u32) -> bool,
    ) -> bool {
        self.note_walk(folio);
        for (pid, part) in self.parts_to_unmap(folio) {
            if self.mapcount(folio) == 0 {
                break;
            }
            self.notify_visit(pid, part.clone());
            let found: Vec<u32> = part.filter(|vpn| self.maps_at(folio, pid, *vpn)).collect();
            if !found.into_iter().all(|vpn| take(self, pid, vpn)) {
                return false;
            }
        }
        true
    }

    /// Where the folio may be mapped. A KSM page can be anywhere.
    pub(crate) fn parts_to_unmap(&self, folio: FolioId) -> Vec<(Pid, Range<u32>)> {
        if self.folio(folio).flags.has(FolioFlags::KSM) {
            self.mappings(folio).map(|m| (m.pid, m.vpn..m.vpn + 1)).collect()
        } else {
            self.walked_parts(folio)
        }
    }

    /// Whether an entry at this page maps the folio; of a PMD the first page.
    pub(crate) fn maps_at(&self, folio: FolioId, pid: Pid, vpn: u32) -> bool {
        match self.pmd(pid, vpn) {
            PmdKind::Leaf(leaf) | PmdKind::DevPrivate(leaf) => {
                leaf.folio == folio && vpn == self.block_start(vpn)
            }
            _ => self.mapped_by(&self.pte(pid, vpn)).is_some_and(|mapped| mapped.folio == folio),
        }
    }

    /// F3.
    pub(crate) fn take_page_down(&mut self, pid: Pid, vpn: u32) -> bool {
        let pte = self.pte(pid, vpn);
        let Mapped { folio, page, flags } =
            self.mapped_by(&pte).expect("only called for a mapping");
        if !matches!(pte, Pte::Page(_)) {
            rule!(self.coverage, F3, if self.is_device_folio(folio) { 5 } else { 6 });
            rule!(self.coverage, N17, 0);
        }
        // The device loses a page that is exclusive to it for good (O9).
        let exclusively = matches!(pte, Pte::DevExclusive(_));
        let flags = if exclusively { flags.without(EntryFlags::WRITE) } else { flags };
        if flags.has(EntryFlags::DIRTY) {
            rule!(self.coverage, F3, 0);
            self.mark_folio_dirty(folio);
        }
        if self.page(folio, page).hwpoison {
            rule!(self.coverage, F3, 1);
            let flags = EntryFlags::NONE;
            self.set_pte(pid, vpn, Pte::Hwpoison(Mapped { folio, page, flags }));
        } else {
            let exclusive = self.page(folio, page).exclusive;
            if exclusive && !self.share(folio, page) {
                rule!(self.coverage, F3, 2);
                return false;
            }
            rule!(self.coverage, F3, if exclusive { 3 } else { 4 });
            let flags = migration_flags(flags, exclusive);
            self.set_pte(pid, vpn, Pte::Migration(Mapped { folio, page, flags }));
        }
        self.ptes_removed(folio, pid, page..page + 1);
        true
    }

    /// F4.
    pub(crate) fn take_leaf_down(
        &mut self,
        pid: Pid,
        start: u32,
        Leaf { folio, flags }: Leaf,
    ) -> bool {
        let exclusive = self.page(folio, 0).exclusive;
        if exclusive && !self.share(folio, 0) {
            rule!(self.coverage, F4, 1);
            return false;
        }
        rule!(self.coverage, F4, 0);
        if flags.has(EntryFlags::DIRTY) {
            self.mark_folio_dirty(folio);
        }
        let flags = migration_flags(flags, exclusive);
        self.set_pmd(pid, start, Pmd::Migration(Leaf { folio, flags }));
        self.pmd_removed(folio, pid);
        true
    }

    /// The share step (D17): PAE is given up, unless the folio may be pinned.
    pub(crate) fn share(&mut self, folio: FolioId, page: u32) -> bool {
        if self.maybe_pinned(folio) {
            rule!(self.coverage, D17, 1);
            return false;
        }
        rule!(self.coverage, D17, 0);
        self.page_mut(folio, page).exclusive = false;
        true
    }
}

/// The flags of a MIGRATION entry made of a present one (F3, F4): the kind, and what is carried.
pub(crate) fn migration_flags(old: EntryFlags, exclusive: bool) -> EntryFlags {
    let writable = old.has(EntryFlags::WRITE);
    old.without(EntryFlags::PROTNONE).with_if(EntryFlags::EXCLUSIVE, exclusive && !writable)
}

/// Bringing entries back.
impl Reference {
    /// remove_migration_ptes: every MIGRATION entry that names `from` maps `to`.
    pub(crate) fn bring_back(&mut self, from: FolioId, to: FolioId) {
        for (pid, vpn) in self.walk_of_migration_entries(to, from) {
            match (self.pmd(pid, vpn), self.pte(pid, vpn)) {
                (PmdKind::Migration(leaf), _) => self.bring_leaf_back(pid, vpn, leaf, to),
                (_, Pte::Migration(entry)) => {
                    self.bring_page_back(pid, vpn, entry, (to, entry.page));
                }
                _ => unreachable!("only MIGRATION entries were looked for"),
            }
        }
    }

    /// F8: the entry maps this page of `to`.
    pub(crate) fn bring_page_back(
        &mut self,
        pid: Pid,
        vpn: u32,
        entry: Mapped,
        (to, page): (FolioId, u32),
    ) {
        let exclusive = was_exclusive(entry.flags);
        rule!(self.coverage, F8, u8::from(exclusive));
        let dirty =
            entry.flags.has(EntryFlags::DIRTY) && self.folio(to).flags.has(FolioFlags::DIRTY);
        // Soft-dirty is as the entry had it, dirty or not; uwp is lost where the entry is W.
        let mut flags =
            self.remade(self.vma_flags(pid, vpn), entry.flags).with_if(EntryFlags::DIRTY, dirty);
        if flags.has(EntryFlags::WRITE) {
            flags = flags.without(EntryFlags::UFFD_WP);
        }
        self.mappings_to_add(to, pid, 1);
        let pte = if self.is_device_folio(to) {
            rule!(self.coverage, F8, 2);
            Pte::DevPrivate(Mapped { folio: to, page, flags: device_flags(entry.flags) })
        } else {
            Pte::Page(Mapped { folio: to, page, flags })
        };
        self.set_pte(pid, vpn, pte);
        self.page_mut(to, page).exclusive |= exclusive;
    }

    /// F4, the way back.
    fn bring_leaf_back(&mut self, pid: Pid, start: u32, entry: Leaf, to: FolioId) {
        let exclusive = was_exclusive(entry.flags);
        rule!(self.coverage, F4, if exclusive { 3 } else { 2 });
        let flags = self.remade(self.vma_flags(pid, start), entry.flags);
        let dirty =
            entry.flags.has(EntryFlags::DIRTY) && self.folio(to).flags.has(FolioFlags::DIRTY);
        // Unlike a PTE, a PMD is made dirty last, and so soft-dirty, too (S18).
        let flags = if dirty { self.dirtied(flags) } else { flags };
        self.mappings_to_add(to, pid, 1);
        let pmd = if self.is_device_folio(to) {
            rule!(self.coverage, F4, 4);
            Pmd::DevPrivate(Leaf { folio: to, flags: device_flags(entry.flags) })
        } else {
            Pmd::Leaf(Leaf { folio: to, flags })
        };
        self.set_pmd(pid, start, pmd);
        self.page_mut(to, 0).exclusive |= exclusive;
    }
}

/// The flags of a DEVPRIV entry made of a MIGRATION one (F8).
fn device_flags(entry: EntryFlags) -> EntryFlags {
    let kept = EntryFlags::WRITE.with(EntryFlags::SOFT_DIRTY).with(EntryFlags::UFFD_WP);
    EntryFlags(entry.0 & kept.0)
}

/// Whether a MIGRATION entry is of kind WRITE or READ_EXCL.
fn was_exclusive(flags: EntryFlags) -> bool {
    flags.has(EntryFlags::WRITE) || flags.has(EntryFlags::EXCLUSIVE)
}

/// What becomes of MIGRATION entries while they stand.
impl Reference {
    /// H5: a change of protection makes kind WRITE READ_EXCL, whatever the new rights. A uwp that was
    /// there, left from a watch that ended, is lost.
    pub(crate) fn downgraded(&mut self, flags: EntryFlags) -> EntryFlags {
        rule!(self.coverage, H5, u8::from(flags.has(EntryFlags::WRITE)));
        if flags.has(EntryFlags::WRITE) {
            let lost = EntryFlags::WRITE.with(EntryFlags::UFFD_WP);
            flags.without(lost).with(EntryFlags::EXCLUSIVE)
        } else {
            flags
        }
    }
}

/// Walks.
impl Reference {
    /// The entries that map the folio, in the order of an rmap walk (L7, L17; of a KSM page: L13,
    /// where the order makes no difference).
    pub(crate) fn walk_of_mappings(&self, folio: FolioId) -> Vec<(Pid, u32)> {
        if self.folio(folio).flags.has(FolioFlags::KSM) {
            return self.mappings(folio).map(|mapping| (mapping.pid, mapping.vpn)).collect();
        }
        self.walk_positions(folio, |machine, pid, vpn| machine.maps_at(folio, pid, vpn))
    }

    /// The MIGRATION entries that name `named`, in the order of an rmap walk of `folio`.
    pub(crate) fn walk_of_migration_entries(
        &self,
        folio: FolioId,
        named: FolioId,
    ) -> Vec<(Pid, u32)> {
        let names = |machine: &Self, pid, vpn| match machine.pmd(pid, vpn) {
            PmdKind::Migration(leaf) => leaf.folio == named && vpn == machine.block_start(vpn),
            _ => matches!(machine.pte(pid, vpn), Pte::Migration(entry) if entry.folio == named),
        };
        if self.folio(folio).flags.has(FolioFlags::KSM) {
            let pages = 0..self.config.space_pages();
            let everywhere = (0..self.mms.len() as u8).map(Pid).flat_map(|pid| {
                self.present_blocks(pid, pages.clone())
                    .into_iter()
                    .flatten()
                    .map(move |vpn| (pid, vpn))
            });
            return everywhere.filter(|(pid, vpn)| names(self, *pid, *vpn)).collect();
        }
        self.walk_positions(folio, names)
    }

    /// The pages that an rmap walk of the folio visits, in its order, as far as `matches`.
    pub(crate) fn walk_positions(
        &self,
        folio: FolioId,
        matches: impl Fn(&Self, Pid, u32) -> bool,
    ) -> Vec<(Pid, u32)> {
        let parts = self.walked_parts(folio).into_iter();
        let pages = parts.flat_map(|(pid, part)| part.map(move |vpn| (pid, vpn)));
        pages.filter(|(pid, vpn)| matches(self, *pid, *vpn)).collect()
    }
}
