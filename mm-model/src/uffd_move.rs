//! UFFDIO_MOVE (rulebook area K): pages that this process alone owns go from one VMA to another one, or
//! within one, and belong there as if they had been born there: unlike in a move by mremap, anon_vma
//! and index of the folio change.
//!
//! What the kernel would wait for nobody ends here: a folio lock held by a token, a migration. The
//! operation stops there as for a fatal signal.

use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::Model;
use crate::race::Point;
use crate::split::Caller;
use crate::table::Slot;
use crate::uffd::WATCHED;
use crate::vma::Area;
use mm_ops::{Errno, EventKind, FolioFlags, Outcome, PageRange, Pid, VmaFlags, Vpn};

/// The VMAs of a move, and whether holes in the source are skipped.
#[derive(Clone, Copy)]
struct Between {
    source: Area,
    target: Area,
    holes: bool,
}

/// What is left of a move.
#[derive(Clone, Copy)]
struct Rest {
    from: u32,
    to: u32,
    len: u32,
}

/// How far a step got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// These pages are done.
    Done(u32),
    /// Something was split: the same place once more.
    Again,
}

/// The two entries of a page.
#[derive(Clone, Copy)]
struct Places {
    source: Slot,
    target: Slot,
    from: u32,
    to: u32,
}

impl Places {
    const fn next(self) -> Self {
        Self {
            source: self.source + 1,
            target: self.target + 1,
            from: self.from + 1,
            to: self.to + 1,
        }
    }
}

impl Model {
    /// The operation `uffd_move`.
    pub(crate) fn uffd_move(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: Vpn,
        holes: bool,
    ) -> Outcome {
        let between = match self.check_move(pid, range, to, holes) {
            Ok(between) => between,
            Err(errno) => return Outcome::Err(errno),
        };
        let mut rest = Rest { from: range.start.0, to: to.0, len: range.len };
        while rest.len > 0 {
            match self.move_step(between, rest) {
                Ok(Step::Done(pages)) => {
                    rest = Rest {
                        from: rest.from + pages,
                        to: rest.to + pages,
                        len: rest.len - pages,
                    };
                }
                Ok(Step::Again) => {}
                Err(errno) if rest.len == range.len => return Outcome::Err(errno),
                Err(_) => break,
            }
        }
        Outcome::Count(range.len - rest.len)
    }

    /// K1 and K2. The VMA of the destination gets its anon_vma before the rest is looked at.
    fn check_move(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: Vpn,
        holes: bool,
    ) -> Result<Between, Errno> {
        let target = PageRange { start: to, len: range.len };
        if range.is_empty()
            || self.within_space(target).is_none()
            || self.within_space(range).is_none()
        {
            return Err(Errno::EINVAL);
        }
        let into = self.area_at(pid, to.0).ok_or(Errno::ENOENT)?;
        self.prepare_anon_vma(pid, into.index)?;
        let source = self.area_at(pid, range.start.0).ok_or(Errno::ENOENT)?;
        let compared = VmaFlags::READ.with(VmaFlags::WRITE).with(VmaFlags::LOCKED);
        let fits = range.end() <= u64::from(source.end)
            && target.end() <= u64::from(into.end)
            && (source.flags.0 ^ into.flags.0) & compared.0 == 0
            && source.has(VmaFlags::WRITE)
            && into.flags.0 & WATCHED.0 != 0;
        if fits { Ok(Between { source, target: into, holes }) } else { Err(Errno::EINVAL) }
    }

    /// One turn of the loop (K3): the tables, then a PMD or as many PTEs as go together.
    fn move_step(&mut self, between: Between, rest: Rest) -> Result<Step, Errno> {
        let Between { source, target, holes } = between;
        let pid = source.pid;
        let from = match self.pmd_slot(pid, rest.from) {
            Some(slot) => slot,
            None if holes => self.pmd_slot_alloc(pid, rest.from)?,
            None => return Err(Errno::ENOENT),
        };
        let to = self.pmd_slot_alloc(pid, rest.to)?;
        let occupant = self.tables.get(to);
        if occupant.is_huge() && occupant.is_present() {
            return Err(Errno::EEXIST);
        }
        let entry = self.tables.get(from);
        if entry.is_huge() {
            return self.move_leaf_between(between, from, to, rest);
        }
        if entry.is_none() {
            if !holes {
                return Err(Errno::ENOENT);
            }
            self.pte_slot_alloc(pid, from, rest.from)?;
        }
        if occupant.is_huge() {
            // A device's block, or a migration, which does not end meanwhile.
            return Err(if occupant.is_migration() { Errno::EINTR } else { Errno::EEXIST });
        }
        let places = Places {
            source: self.pte_slot_in(from, rest.from),
            target: self.pte_slot_alloc(target.pid, to, rest.to)?,
            from: rest.from,
            to: rest.to,
        };
        let room = |vpn: u32| self.geometry.block_end(vpn) - vpn;
        let len = rest.len.min(room(rest.from)).min(room(rest.to));
        self.move_pages(between, places, len)
    }

    /// K7 for a source block mapped by one PMD entry: moved whole, or split.
    fn move_leaf_between(
        &mut self,
        between: Between,
        from: Slot,
        to: Slot,
        rest: Rest,
    ) -> Result<Step, Errno> {
        let Between { source, target, .. } = between;
        let leaf = self.tables.get(from);
        let whole = self.geometry.pte_index(rest.from) == 0
            && self.geometry.pte_index(rest.to) == 0
            && rest.len >= self.geometry.ptes();
        let shared = leaf.has_folio()
            && !self.folios.exclusive.get(leaf.pfn())
            && !fault!(self, UffdMoveNonexclusive);
        if !whole || !self.tables.get(to).is_none() {
            if shared {
                return Err(Errno::EBUSY);
            }
            self.split_leaf(source, from);
            return Ok(Step::Again);
        }
        if leaf.is_migration() && !fault!(self, UffdMovePmdMigration) {
            return Err(Errno::EINTR);
        }
        if leaf.is_device_private() {
            return Err(Errno::EFAULT);
        }
        if leaf.is_zero() {
            self.tables.set(from, Entry::NONE);
            let zero = match fault!(self, UffdMoveHugeZeroNull) {
                // Whatever the first frame is, if there is one.
                true if self.folios.frames() == 0 => Entry::NONE,
                true => Entry::leaf(0, Self::protection(target)),
                // The old value, but for the write protection of userfaultfd.
                false => leaf.without(Entry::UFFD_WP),
            };
            self.tables.set(to, zero);
            if !fault!(self, UffdMoveNoFlush) {
                self.flush_tlb(source.pid, rest.from, rest.from + self.geometry.ptes());
            }
            return Ok(Step::Done(self.geometry.ptes()));
        }
        if shared {
            return Err(Errno::EBUSY);
        }
        let id = self.folios.of(leaf.pfn());
        if self.folios[id].flags.has(FolioFlags::LOCKED) && !leaf.is_migration() {
            return Err(Errno::EINTR);
        }
        let places = Places { source: from, target: to, from: rest.from, to: rest.to };
        self.lock_old_root(id);
        let done = self.move_whole_leaf(between, places, id);
        self.unlock_roots();
        self.yield_point(Point::UffdStepped);
        done
    }

    /// K12: the root may change, so that nobody must be walking from the old one.
    fn lock_old_root(&mut self, id: FolioId) {
        if !fault!(self, UffdMoveNoRmapLock) {
            self.lock_root(self.folios[id].mapping);
        }
    }

    /// K7 under the locks.
    fn move_whole_leaf(
        &mut self,
        between: Between,
        at: Places,
        id: FolioId,
    ) -> Result<Step, Errno> {
        let Between { source, target, .. } = between;
        let leaf = self.tables.get(at.source);
        self.take_unpinned(id, at, target)?;
        self.give_folio(id, leaf.pfn(), target, at.to);
        let bits = Self::protection(target) | self.dirty_bits() | Entry::WRITE;
        self.tables.set(at.target, Entry::leaf(leaf.pfn(), bits));
        self.yield_point(Point::UffdSet);
        if !fault!(self, UffdMoveNoFlush) {
            self.flush_tlb(source.pid, at.from, at.from + self.geometry.ptes());
        }
        Ok(Step::Done(self.geometry.ptes()))
    }

    /// Takes the source entry of a folio that is not pinned, neither before the entry is gone nor
    /// after (K5, K7): what comes in between is seen.
    fn take_unpinned(&mut self, id: FolioId, places: Places, target: Area) -> Result<(), Errno> {
        if fault!(self, UffdMoveLatePinTest) {
            self.give_folio(id, self.folios[id].head, target, places.to);
        }
        if self.folios[id].maybe_pinned() {
            return Err(Errno::EBUSY);
        }
        self.yield_point(Point::UffdPinsTested);
        self.hide_entry(places.source, Point::UffdCleared);
        if self.folios[id].maybe_pinned() && !fault!(self, UffdMoveNoSecondPinTest) {
            self.unhide_entry();
            return Err(Errno::EBUSY);
        }
        self.hidden = None;
        self.tables.set(places.source, Entry::NONE);
        self.yield_point(Point::UffdIsolated);
        Ok(())
    }

    /// folio_move_anon_rmap, and the index (K12): the folio belongs to the VMA of its new place.
    fn give_folio(&mut self, id: FolioId, pfn: Pfn, target: Area, to: u32) {
        let vma = self.vma(target);
        let (mapping, index) = (vma.anon_vma, vma.linear_index(to));
        let folio = &mut self.folios[id];
        folio.mapping = mapping;
        if !fault!(self, UffdMoveIndexKept) {
            let page = pfn.saturating_sub(folio.head);
            folio.index = index.wrapping_sub(page);
        }
    }

    /// move_pages_ptes: the page at a place, and those behind it that go with it (K6). `len` entries lie
    /// in both tables.
    fn move_pages(&mut self, between: Between, places: Places, len: u32) -> Result<Step, Errno> {
        self.notify(EventKind::Clear, between.source.pid, places.from, places.from + 1);
        if !self.tables.get(places.target).is_none() {
            return Err(Errno::EEXIST);
        }
        let entry = self.tables.get(places.source);
        if entry.is_none() {
            return if between.holes { Ok(Step::Done(1)) } else { Err(Errno::ENOENT) };
        }
        if entry.is_zero() {
            self.tables.set(places.source, Entry::NONE);
            let zero = Entry::zero_page(Self::protection(between.target));
            self.tables.set(places.target, zero);
            self.yield_point(Point::UffdSet);
            if !fault!(self, UffdMoveNoFlush) {
                self.flush_tlb(between.source.pid, places.from, places.from + 1);
            }
            return Ok(Step::Done(1));
        }
        if !entry.is_present() {
            return self.move_nonpresent(between, places);
        }
        let id = self.folios.of(entry.pfn());
        if !self.owns_alone(id) {
            return Err(Errno::EBUSY);
        }
        if self.folios[id].flags.has(FolioFlags::LOCKED) {
            return Err(Errno::EINTR);
        }
        if self.folios[id].is_large() && !fault!(self, UffdMovePartOfLarge) {
            // Whoever refers to it makes that fail, and no waiting helps.
            self.split_folio(id, 0, None, Caller::HEAD).map_err(|_| Errno::EBUSY)?;
            return Ok(Step::Again);
        }
        self.lock_old_root(id);
        let done = self.move_present_run(between, places, id, len);
        self.unlock_roots();
        self.yield_point(Point::UffdStepped);
        done
    }

    /// K5 and K6 under the locks.
    fn move_present_run(
        &mut self,
        between: Between,
        places: Places,
        id: FolioId,
        len: u32,
    ) -> Result<Step, Errno> {
        let mapping = self.folios[id].mapping;
        self.move_present(between, places, id)?;
        let mut done = 1;
        let mut at = places.next();
        while done < len.min(self.run_max) && self.goes_along(at, mapping) {
            let id = self.folios.of(self.tables.get(at.source).pfn());
            if self.move_present(between, at, id).is_err() {
                break;
            }
            done += 1;
            at = at.next();
        }
        if !fault!(self, UffdMoveNoFlush) {
            self.flush_tlb(between.source.pid, places.from, places.from + done);
        }
        Ok(Step::Done(done))
    }

    /// Whether page 0 of a folio is PAE (K5).
    fn owns_alone(&self, id: FolioId) -> bool {
        let folio = &self.folios[id];
        if fault!(self, UffdMoveNonexclusive) {
            return true;
        }
        if fault!(self, UffdMoveKsm) && folio.flags.has(FolioFlags::KSM) {
            return true;
        }
        self.folios.exclusive.get(folio.head)
    }

    /// Whether the next page can go in the same breath (K6): a small folio of the same anon_vma, to an
    /// empty place.
    fn goes_along(&self, at: Places, mapping: u32) -> bool {
        let entry = self.tables.get(at.source);
        if !self.tables.get(at.target).is_none() || !entry.has_folio() {
            return false;
        }
        let id = self.folios.of(entry.pfn());
        let folio = &self.folios[id];
        !folio.flags.has(FolioFlags::LOCKED)
            && self.owns_alone(id)
            && !folio.is_large()
            && folio.mapping == mapping
    }

    /// K5 for a small folio: the page is writable at its new place, and as dirty as it was.
    fn move_present(&mut self, between: Between, at: Places, id: FolioId) -> Result<(), Errno> {
        let entry = self.tables.get(at.source);
        self.take_unpinned(id, at, between.target)?;
        self.give_folio(id, entry.pfn(), between.target, at.to);
        let kept = entry.0 & Entry::DIRTY;
        let bits = Self::protection(between.target) | self.moved_bits() | Entry::WRITE | kept;
        self.tables.set(at.target, Entry::page(entry.pfn(), bits));
        self.yield_point(Point::UffdSet);
        Ok(())
    }

    /// What every entry gets that is moved: userspace can tell by it (K5, K8).
    const fn moved_bits(&self) -> u64 {
        if self.config.soft_dirty { Entry::SOFT_DIRTY } else { 0 }
    }

    /// K8 and K9: a SWAP entry of this process alone goes as it is, and what is cached of it belongs to
    /// the new place.
    fn move_nonpresent(&mut self, between: Between, at: Places) -> Result<Step, Errno> {
        let entry = self.tables.get(at.source);
        if entry.is_migration() {
            return Err(Errno::EINTR);
        }
        if !entry.is_swap() {
            return Err(Errno::EFAULT);
        }
        if !entry.has(Entry::EXCLUSIVE) && !fault!(self, UffdMoveNonexclusive) {
            return Err(Errno::EBUSY);
        }
        if let Some(id) = self.swap[entry.swap_slot()].cache {
            if self.folios[id].is_large() {
                return Err(Errno::EBUSY);
            }
            if self.folios[id].flags.has(FolioFlags::LOCKED) {
                return Err(Errno::EINTR);
            }
            if !fault!(self, UffdMoveSwapcacheIndex) {
                self.give_folio(id, self.folios[id].head, between.target, at.to);
            }
        }
        self.tables.set(at.source, Entry::NONE);
        let lost = if fault!(self, UffdMoveDropsWp) { Entry::UFFD_WP } else { 0 };
        self.tables.set(at.target, entry.without(lost).with(self.moved_bits()));
        Ok(Step::Done(1))
    }
}
