//! Splitting a large folio into smaller ones (G7 … G11, G22), and the queue of those that may be
//! worth it (G13). The entries are taken down and brought back as in a migration, in one step.

use std::ops::Range;

use mm_ops::{EntryFlags, Errno, FolioFlags, Order, Outcome, Pid, VmaFlags, Vpn};

use crate::coverage::rule;
use crate::state::{FolioId, Mapped, Page, Pmd, PmdKind, Pte, Reference};

/// What a folio is to be split into.
#[derive(Clone, Copy, Debug)]
struct Target {
    order: Order,
    /// Only the piece with this page has that order, the others are as large as can be (G22).
    toward: Option<u32>,
}

/// `split`.
impl Reference {
    pub(crate) fn op_split(&mut self, pid: Pid, vpn: Vpn, order: Order, uniform: bool) -> Outcome {
        let Some(folio) = self.mapped_folio(pid, vpn.0) else {
            return Outcome::Err(Errno::EFAULT);
        };
        if self.locked(folio) {
            rule!(self.coverage, G7, 2);
            return Outcome::Err(Errno::EAGAIN);
        }
        let page = self.page_at(pid, vpn.0);
        let target = Target { order, toward: (!uniform).then_some(page) };
        match self.split_into(folio, target, 0) {
            Ok(_) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }
}

/// Splitting a folio.
impl Reference {
    /// split_folio: into single pages, for a caller that holds the lock and one reference, and goes on
    /// with the first of them.
    pub(crate) fn split_folio(&mut self, folio: FolioId) -> bool {
        self.split_to_pages(folio, 0).is_ok()
    }

    /// split_huge_page: into single pages; the caller holds the lock and one reference, with which
    /// it goes on with one of them. That piece is returned.
    pub(crate) fn split_to_pages(&mut self, folio: FolioId, page: u32) -> Result<FolioId, Errno> {
        self.split_into(folio, Target { order: Order(0), toward: None }, page)
    }

    /// __folio_split. `callers` is the page whose piece the caller keeps.
    fn split_into(
        &mut self,
        folio: FolioId,
        target: Target,
        callers: u32,
    ) -> Result<FolioId, Errno> {
        self.may_split(folio, target)?;
        let mlocked = self.mlocked(folio);
        if target.toward.is_some() {
            rule!(self.coverage, G22);
        }
        self.lock_roots();
        if !self.freeze(folio) {
            rule!(self.coverage, G8, 1);
            self.bring_back(folio, folio);
            self.unlock_roots();
            return Err(Errno::EAGAIN);
        }
        self.unqueue(folio);
        rule!(self.coverage, G9);
        let parts = parts_of(self.folio(folio).order, target);
        let pieces: Vec<FolioId> =
            parts.iter().map(|part| self.cut_piece(folio, part.clone())).collect();
        for (piece, part) in pieces.iter().zip(&parts) {
            self.rename_poisoned(folio, part.clone(), *piece);
            self.bring_piece_back(folio, *piece, part.start, mlocked);
        }
        self.unlock_roots();
        let kept = parts.iter().position(|part| part.contains(&callers)).expect("a page of it");
        for (at, piece) in pieces.iter().enumerate() {
            if at != kept {
                self.drop_unmapped_piece(*piece);
            }
        }
        Ok(pieces[kept])
    }

    /// G7: the tests, in their order. Nothing was touched.
    fn may_split(&mut self, folio: FolioId, Target { order, toward }: Target) -> Result<(), Errno> {
        let cached = self.in_swap_cache(folio);
        let wrong_order = order >= self.folio(folio).order || order == Order(1);
        if wrong_order || cached && (order > Order(0) || toward.is_some()) {
            rule!(self.coverage, G7, 3);
            return Err(Errno::EINVAL);
        }
        if self.under_writeback(folio) || self.mapcount(folio) == 0 {
            rule!(self.coverage, G7, 4);
            return Err(Errno::EBUSY);
        }
        if self.extra_references(folio) > 0 {
            rule!(self.coverage, G7, 0);
            return Err(Errno::EAGAIN);
        }
        rule!(self.coverage, G7, 1);
        Ok(())
    }

    /// G8: every entry becomes a MIGRATION entry; a leaf one for each page (G3). `false`: somebody
    /// without locks took a reference since G7 looked.
    fn freeze(&mut self, folio: FolioId) -> bool {
        rule!(self.coverage, G8);
        for (pid, vpn) in self.rmap_walk(folio) {
            self.between_steps();
            let taken = match self.pmd(pid, vpn) {
                PmdKind::Leaf(leaf) => self.freeze_leaf(pid, vpn, leaf),
                _ => self.take_page_down(pid, vpn),
            };
            assert!(taken || self.is_raced(), "G7 found no reference, so no pin");
            if !taken {
                if matches!(self.pmd(pid, vpn), PmdKind::Leaf(_)) {
                    // G3 turns into G2, and the walk goes on with the parts.
                    self.split_pmd(pid, vpn);
                    if self.freeze_parts(folio, pid, vpn) {
                        continue;
                    }
                }
                // Whoever was in the way may be gone by the time somebody tries again.
                self.between_steps();
                return false;
            }
        }
        self.between_steps();
        self.extra_references(folio) == 0
    }

    /// The PTEs of a leaf that could not be frozen as a whole.
    fn freeze_parts(&mut self, folio: FolioId, pid: Pid, start: u32) -> bool {
        (start..start + self.folio(folio).nr_pages()).all(|vpn| {
            self.between_steps();
            self.take_page_down(pid, vpn)
        })
    }

    /// G9: the folio of some pages of the old one; nothing maps it yet.
    pub(crate) fn cut_piece(&mut self, whole: FolioId, part: Range<u32>) -> FolioId {
        let order = Order(part.len().trailing_zeros() as u8);
        let piece = self.bare_folio(order);
        let old = self.folio(whole).clone();
        let new = self.folio_mut(piece);
        new.flags = old.flags.without(FolioFlags::MAYBE_SHARED);
        new.mapping = old.mapping;
        new.index = old.index + part.start;
        new.first_frame = old.first_frame + part.start;
        for (page, at) in new.pages.iter_mut().zip(part.clone()) {
            // PAE comes back with the entries. Of an unmapped page it is lost, but for the first one of
            // the old folio, whose flags nobody touches (G10).
            let old = old.pages[at as usize];
            *page = Page { exclusive: old.exclusive && at == 0, ..old };
        }
        let covers = |slot: u32| part.contains(&(slot % old.nr_pages()));
        for (slot, number) in self.slots.iter_mut().zip(0..) {
            if slot.cache == Some(whole) && covers(number) {
                slot.cache = Some(piece);
            }
        }
        piece
    }

    /// A HWPOISON entry names a page, whatever folio it belongs to.
    pub(crate) fn rename_poisoned(&mut self, whole: FolioId, part: Range<u32>, piece: FolioId) {
        for pmd in self.mms.iter_mut().flat_map(|mm| mm.pmds.values_mut()) {
            let Pmd::Table(table) = pmd else { continue };
            for pte in table {
                if let Pte::Hwpoison(Mapped { folio, page, .. }) = pte
                    && *folio == whole
                    && part.contains(page)
                {
                    *folio = piece;
                    *page -= part.start;
                }
            }
        }
    }

    /// G10: the entries of the pages from `first` on map the piece, or the zero page.
    fn bring_piece_back(&mut self, whole: FolioId, piece: FolioId, first: u32, mlocked: bool) {
        for (pid, vpn) in self.walk_of_migration_entries(piece, whole) {
            let Pte::Migration(entry) = self.pte(pid, vpn) else { continue };
            let page = entry.page - first;
            // A LOCKED VMA that has its entry back has mlocked the piece, for all that come after it.
            let mlocked = mlocked || self.mlocked(piece);
            if mlocked {
                rule!(self.coverage, F9, 1);
            }
            if self.unused_zero_page(piece, pid, vpn) && !mlocked {
                rule!(self.coverage, F9, 0);
                let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
                let kept = EntryFlags::SOFT_DIRTY.with(EntryFlags::UFFD_WP);
                let flags = self.vma_prot(vma).with(EntryFlags(entry.flags.0 & kept.0));
                self.set_pte(pid, vpn, Pte::Zero(flags));
            } else {
                self.bring_page_back(pid, vpn, entry, (piece, page));
            }
        }
    }

    /// F9: whether the zero page serves as well as this piece.
    fn unused_zero_page(&self, piece: FolioId, pid: Pid, vpn: u32) -> bool {
        let Page { value, hwpoison, .. } = *self.page(piece, 0);
        let locked = self.vma_flags(pid, vpn).has(VmaFlags::LOCKED);
        !self.folio(piece).large() && value.is_zero() && !hwpoison && !locked
    }

    /// G10: a piece that nothing maps leaves the swap cache if no SWAP entry needs it, and is then
    /// free.
    fn drop_unmapped_piece(&mut self, piece: FolioId) {
        if self.mapcount(piece) == 0 {
            rule!(self.coverage, G10, u8::from(self.in_swap_cache(piece)));
            self.free_unmapped_swap_cache(piece);
        }
    }
}

/// The pages of each piece, ascending.
fn parts_of(whole: Order, Target { order, toward }: Target) -> Vec<Range<u32>> {
    let cut = |range: Range<u32>, order: Order| -> Vec<Range<u32>> {
        let pages = order.pages();
        range.step_by(pages as usize).map(|first| first..first + pages).collect()
    };
    let Some(page) = toward else { return cut(0..whole.pages(), order) };
    // G22: the piece with the page is halved again and again; order 1 is passed over.
    let mut parts = cut(0..whole.pages(), whole);
    for order in (order.0..whole.0).rev().map(Order).filter(|order| *order != Order(1)) {
        let at = parts.iter().position(|part| part.contains(&page)).expect("a page of the folio");
        let halves = cut(parts[at].clone(), order);
        parts.splice(at..=at, halves);
    }
    parts
}

/// `deferred_scan`.
impl Reference {
    /// G13: the first `count` of the queue, in reverse order.
    pub(crate) fn op_deferred_scan(&mut self, count: u16) -> Outcome {
        let taken = self.deferred.len().min(usize::from(count));
        let mut scanned: Vec<FolioId> = self.deferred.drain(..taken).collect();
        scanned.reverse();
        for folio in scanned {
            if !self.folio(folio).flags.has(FolioFlags::PARTIALLY_MAPPED) {
                // Never underused: max_ptes_none allows all but one page to be zero (G14).
                rule!(self.coverage, G13, 0);
            } else if self.locked(folio) || !self.split_folio(folio) {
                rule!(self.coverage, G13, 1);
                self.queue_for_splitting(folio);
            } else {
                rule!(self.coverage, G13, 2);
            }
        }
        Outcome::Ok
    }
}
