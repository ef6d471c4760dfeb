//! The split of a large folio into smaller ones (rulebook G7 to G11, G22): its mappings become MIGRATION
//! entries, the folio is cut, and the mappings come back to the pieces, all in one step.

#[cfg(feature = "faults")]
use crate::circumstances::Held;
use crate::entry::Entry;
use crate::folio::FolioId;
use crate::migrate::Leaves;
use crate::model::{Model, answer};
use crate::race::Point;
use crate::rmap_walk::{RmapRange, RmapRanges, RmapRun, Want};
use mm_ops::{Errno, FolioFlags, Order, Outcome, Pid, VmaFlags, Vpn};

/// Who splits a folio: someone with one reference, on the piece with this page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    /// It is not counted yet, and gone afterwards.
    Passing(u32),
    /// It is counted, and stays with the piece, together with the state of being on the LRU or not.
    Holding(u32),
}

impl Caller {
    /// Splits the whole folio and looks at none of its pages.
    pub(crate) const HEAD: Self = Self::Passing(0);
}

impl Model {
    /// The operation `split`.
    pub(crate) fn split(&mut self, pid: Pid, vpn: Vpn, order: Order, nonuniform: bool) -> Outcome {
        let Some(entry) = self.splittable_entry(pid, vpn) else {
            return Outcome::Err(Errno::EFAULT);
        };
        let frame = self.frame_at(entry, vpn.0);
        let id = self.folios.of(frame);
        let page = frame - self.folios[id].head;
        answer(self.split_folio(id, order.0, nonuniform.then_some(page), Caller::HEAD))
    }

    /// The entry of a page if it maps a folio, or keeps one for a device that could be split: there is none
    /// unless whole blocks go to devices.
    fn splittable_entry(&self, pid: Pid, vpn: Vpn) -> Option<Entry> {
        self.naming_entry(pid, vpn)
            .filter(|entry| !entry.is_device_private() || self.config.dev_thp)
    }

    /// Splits a folio into pieces of an order: all of it, or only the halves that hold page `toward`
    /// (G22). An error leaves everything as it was.
    pub(crate) fn split_folio(
        &mut self,
        id: FolioId,
        order: u8,
        toward: Option<u32>,
        caller: Caller,
    ) -> Result<(), Errno> {
        let passing = matches!(caller, Caller::Passing(_));
        self.folios[id].refs += u32::from(passing);
        let checked = self.check_split(id, order, toward.is_some());
        if checked.is_err() {
            self.folios[id].refs -= u32::from(passing);
            return checked;
        }
        // G8: whoever walks to the folio is through, or comes to its pieces.
        self.lock_root(self.folios[id].mapping);
        let done = self.split_checked(id, order, toward, caller);
        self.unlock_roots();
        done
    }

    /// The same of a folio that can be split, with the caller's reference.
    fn split_checked(
        &mut self,
        id: FolioId,
        order: u8,
        toward: Option<u32>,
        caller: Caller,
    ) -> Result<(), Errno> {
        let (Caller::Passing(page) | Caller::Holding(page)) = caller;
        let passing = matches!(caller, Caller::Passing(_));
        let (head, whole) = (self.folios[id].head, self.folios[id].order);
        let ranges = self.rmap_ranges(id);
        let mlocked = self.is_mlocked(id);
        let expected = self.folios.mapcount_of(id) + self.folios[id].cache_refs() + 1;
        let referenced = expected != self.folios[id].refs;
        let unmapped = self.try_to_migrate(id, Leaves::Split);
        self.yield_point(Point::SplitUnmapped);
        // G8: only someone without locks can have come in between.
        let frozen = self.folios[id].refs == 1 + self.folios[id].cache_refs();
        if self.race.is_some() && !(unmapped && frozen) {
            self.remove_migration_entries(&ranges, head, head);
            self.folios[id].refs -= u32::from(passing);
            return Err(Errno::EAGAIN);
        }
        debug_assert!(unmapped || self.is_faulty(), "G7: only mappings refer to the folio");
        let pieces = self.cut(id, &layout(whole, order, toward));
        self.restore_pieces(head, &ranges, mlocked);
        if cfg!(feature = "faults") && referenced {
            self.hand_on_references(&pieces);
        }
        self.release_pieces(&pieces, self.folios.of(head + page), passing);
        Ok(())
    }

    /// Every piece but the caller's loses the reference that the split held on it, is on the LRU, and
    /// leaves the swap cache if nobody maps it and no entry names its slots (G10).
    fn release_pieces(&mut self, pieces: &[FolioId], callers: FolioId, passing: bool) {
        for piece in pieces.iter().copied().filter(|piece| *piece != callers) {
            let device = self.folios[piece].device().is_some();
            self.folios[piece].set(FolioFlags::LRU, !device);
            if self.folios[piece].flags.has(FolioFlags::SWAPCACHE) {
                self.free_swap_if_unmapped(piece);
            }
            self.put_folio(piece, 1);
        }
        if passing {
            self.put_folio(callers, 1);
        }
    }

    /// G7, and the lock that comes before it.
    fn check_split(&self, id: FolioId, order: u8, nonuniform: bool) -> Result<(), Errno> {
        let folio = &self.folios[id];
        if folio.flags.has(FolioFlags::LOCKED) {
            return Err(Errno::EAGAIN);
        }
        let whole_only = folio.device().is_some() && order > 0;
        if order >= folio.order || order == 1 || whole_only {
            return Err(Errno::EINVAL);
        }
        let cached = folio.flags.has(FolioFlags::SWAPCACHE);
        if cached && (order > 0 || nonuniform) && !fault!(self, SplitSwapcacheBadOrder) {
            return Err(Errno::EINVAL);
        }
        if folio.flags.has(FolioFlags::WRITEBACK) || self.folios.mapcount_of(id) == 0 {
            return Err(Errno::EBUSY);
        }
        let expected = self.folios.mapcount_of(id) + folio.cache_refs() + 1;
        #[cfg(feature = "faults")]
        if self.splits_in_use(id, expected) {
            return Ok(());
        }
        if expected != folio.refs {
            return Err(Errno::EAGAIN);
        }
        Ok(())
    }

    /// Makes the pieces of an unmapped folio (G9): state is the whole one's, counts begin anew.
    fn cut(&mut self, id: FolioId, layout: &[(u32, u8)]) -> Vec<FolioId> {
        self.unqueue_deferred(id);
        let whole = self.folios[id];
        let cached = whole.flags.has(FolioFlags::SWAPCACHE);
        let pieces = self.folios.cut(id, layout);
        for (piece, (offset, _)) in pieces.iter().zip(layout) {
            let mut slot = *offset;
            if *offset > 0 && fault!(self, ThpSplitClobbersSlot) {
                slot = whole.pages() - offset;
            }
            let folio = &mut self.folios[*piece];
            folio.index = whole.index + offset;
            folio.swap = whole.swap + slot;
            folio.refs = if cached { 1 + folio.pages() } else { 1 };
            (folio.entire, folio.large_mapcount) = (0, 0);
            (folio.whole_maps, folio.counted_pages) = (0, 0);
            folio.pins = 0;
            folio.clear_slots();
            folio.set(FolioFlags::MAYBE_SHARED, false);
        }
        if cached {
            let known = if fault!(self, SplitTrygetRace) { 1 } else { pieces.len() };
            pieces[..known].iter().for_each(|piece| self.repoint_slots(*piece));
        }
        // G10: PAE comes back by the kinds of the entries. What page 0 kept from before it was
        // unmapped stays, and K5 asks for it.
        self.folios.exclusive.fill(whole.head + 1, whole.pages() - 1, false);
        pieces
    }

    /// Maps the pieces (F8), or the zero page in place of small ones that hold nothing (F9). Each
    /// piece sees its mappings in the order of the walk, whichever piece comes first.
    fn restore_pieces(&mut self, head: u32, ranges: &RmapRanges, mlocked: bool) {
        for range in ranges {
            let mut done = 0;
            while let Some(run) = self.next_rmap_run(head, range, done, Want::Migrating) {
                self.restore_pieces_of_run(head, range, &run, mlocked);
                done = run.vpn + run.len - range.start;
            }
        }
    }

    fn restore_pieces_of_run(
        &mut self,
        head: u32,
        range: &RmapRange,
        run: &RmapRun,
        mlocked: bool,
    ) {
        let mut at = 0;
        while at < run.len {
            let (slot, pfn) = (run.slot + at as usize, head + run.page + at);
            let folio = &self.folios[self.folios.of(pfn)];
            let len = (folio.head + folio.pages() - pfn).min(run.len - at);
            let locked = mlocked || range.area.has(VmaFlags::LOCKED);
            // The entry of a LOCKED VMA that came back before mlocks the piece again.
            let unused = !folio.is_large()
                && folio.device().is_none()
                && self.folios.value[pfn as usize].is_zero()
                && (!self.folios.poisoned.get(pfn) || fault!(self, ZeroScanReadsPoison))
                && !locked
                && !self.is_mlocked(self.folios.of(pfn));
            if unused {
                let kept = self.tables.get(slot).0 & (Entry::SOFT_DIRTY | Entry::UFFD_WP);
                self.tables.set(slot, Entry::zero_page(Self::protection(range.area) | kept));
                self.mms[range.area.pid.index()].rss -= 1;
            } else {
                self.restore_ptes(range.area, slot, pfn, len);
            }
            at += len;
        }
    }

    /// A folio was split although it is referenced: each piece gets the references of its page, and
    /// comes back shared and read-only as if the share step had not failed.
    #[cfg(feature = "faults")]
    fn hand_on_references(&mut self, pieces: &[FolioId]) {
        let first = self.folios[pieces[0]].head;
        let pages: u32 = pieces.iter().map(|piece| self.folios[*piece].pages()).sum();
        let held: Vec<(u32, u32)> = self.handle_references(&(first..first + pages)).collect();
        for (pfn, refs) in held {
            let id = self.folios.of(pfn);
            self.folios[id].refs += refs;
            self.folios.exclusive.fill(pfn, 1, false);
        }
        for held in self.tokens.iter().flatten() {
            if matches!(held.held, Held::Isolation) && held.folio == Some(pieces[0]) {
                self.folios[pieces[0]].refs += 1;
            }
        }
        for piece in pieces {
            let head = self.folios[*piece].head;
            for range in self.rmap_ranges(*piece) {
                let Some(run) = self.next_rmap_run(head, &range, 0, Want::Mapped) else {
                    continue;
                };
                for (entry, pfn) in self
                    .tables
                    .run_mut(run.slot, run.len as usize)
                    .iter_mut()
                    .zip(head + run.page..)
                {
                    if !self.folios.exclusive.get(pfn) {
                        *entry = entry.without(Entry::WRITE);
                    }
                }
            }
        }
    }

    #[cfg(not(feature = "faults"))]
    const fn hand_on_references(&self, _pieces: &[FolioId]) {}
}

/// The pieces of a folio of order `whole`, each with its offset and order, ascending (G9, G22).
fn layout(whole: u8, order: u8, toward: Option<u32>) -> Vec<(u32, u8)> {
    let Some(page) = toward else {
        return (0..1 << (whole - order)).map(|piece| (piece << order, order)).collect();
    };
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, whole);
    while at > order {
        // No piece has order 1.
        let next = if at == 2 { 0 } else { at - 1 };
        let parts = (0..1u32 << (at - next)).map(|part| start + (part << next));
        let chosen = page >> next << next;
        pieces.extend(parts.filter(|part| *part != chosen).map(|part| (part, next)));
        (start, at) = (chosen, next);
    }
    pieces.push((start, at));
    pieces.sort_unstable();
    pieces
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn pieces_are_equal_or_halves_towards_a_page() {
        assert_eq!(layout(4, 2, None), [(0, 2), (4, 2), (8, 2), (12, 2)]);
        assert_eq!(layout(4, 2, Some(9)), [(0, 3), (8, 2), (12, 2)]);
        assert_eq!(layout(3, 0, Some(6)), [(0, 2), (4, 0), (5, 0), (6, 0), (7, 0)]);
    }
}
