//! Changing protection: `mprotect`, NUMA hints and soft-dirty clearing (rulebook section H, Z4).

use std::ops::Range;

use mm_ops::{EntryFlags, Errno, FolioFlags, Outcome, PageRange, Pid, Prot, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{Leaf, Mapped, PmdKind, Pte, Reference, Swapped};
use crate::vma::{Piece, prot_flags};

/// `mprotect`.
impl Reference {
    pub(crate) fn op_mprotect(&mut self, pid: Pid, range: PageRange, prot: Prot) -> Outcome {
        if range.is_empty() {
            return Outcome::Ok;
        }
        let (mut at, end, beyond) = self.cut(range);
        while let Some(piece) = self.next_piece(pid, at, end) {
            if piece.after_hole {
                rule!(self.coverage, H1, 0);
                return Outcome::Err(Errno::ENOMEM);
            }
            if let Err(errno) = self.protect_piece(pid, piece, prot) {
                return Outcome::Err(errno);
            }
            at = piece.end;
        }
        if at < end || beyond {
            rule!(self.coverage, H1, 1);
            return Outcome::Err(Errno::ENOMEM);
        }
        Outcome::Ok
    }

    /// mprotect_fixup (H1, H12).
    fn protect_piece(&mut self, pid: Pid, piece: Piece, prot: Prot) -> Result<(), Errno> {
        let Piece { start, end, flags: old, .. } = piece;
        if old.has(VmaFlags::SEALED) {
            rule!(self.coverage, H1, 2);
            return Err(Errno::EPERM);
        }
        let access = VmaFlags::READ.with(VmaFlags::WRITE);
        let mut new = old.without(access).with(prot_flags(prot));
        if new == old {
            rule!(self.coverage, H1, 3);
            return Ok(());
        }
        rule!(self.coverage, H1, 4);
        if prot.write {
            let uncounted = !old.has(VmaFlags::WRITE) && !old.has(VmaFlags::DROPPABLE);
            new = new.with_if(VmaFlags::ACCOUNT, uncounted);
        } else if self.vma(pid, Vpn(start)).is_some_and(|vma| vma.anon_vma.is_none()) {
            new = new.without(VmaFlags::ACCOUNT);
        }
        self.change_flags(pid, start, end, new).map_err(|NoMemory| Errno::ENOMEM)?;
        self.protect_entries(pid, start..end);
        if old.has(VmaFlags::LOCKED) && !old.has(VmaFlags::WRITE) && prot.write {
            rule!(self.coverage, H12);
            self.populate_after_protect(pid, start..end);
        }
        Ok(())
    }

    /// H2, H8: every entry of the range gets the protection of its VMA.
    fn protect_entries(&mut self, pid: Pid, range: Range<u32>) {
        let vma_flags = self.vma_flags(pid, range.start);
        for part in self.present_blocks(pid, range) {
            let whole = part.len() as u32 == self.ptes();
            match self.pmd(pid, part.start) {
                PmdKind::None => continue,
                PmdKind::Leaf(Leaf { folio, flags }) if whole => {
                    rule!(self.coverage, H8, 0);
                    let exclusive = self.page(folio, 0).exclusive;
                    let flags = self.protected(vma_flags, flags, exclusive);
                    self.set_leaf_flags(pid, part.start, flags);
                    continue;
                }
                PmdKind::HugeZero(flags) if whole => {
                    rule!(self.coverage, H8, 1);
                    let flags = self.protected(vma_flags, flags, false);
                    self.set_leaf_flags(pid, part.start, flags);
                    continue;
                }
                PmdKind::Migration(Leaf { flags, .. }) if whole => {
                    rule!(self.coverage, H8, 3);
                    let flags = self.downgraded(flags);
                    self.set_leaf_flags(pid, part.start, flags);
                    continue;
                }
                PmdKind::Leaf(_) | PmdKind::HugeZero(_) | PmdKind::Migration(_) => {
                    rule!(self.coverage, H8, 2);
                    self.split_pmd(pid, part.start);
                }
                PmdKind::Table => {}
            }
            self.adopt_merges(pid, part.clone());
            for vpn in part {
                match self.pte(pid, vpn) {
                    Pte::Zero(flags) => {
                        rule!(self.coverage, H2, 1);
                        let flags = self.protected(vma_flags, flags, false);
                        self.set_pte_flags(pid, vpn, flags);
                    }
                    Pte::Page(Mapped { folio, page, flags }) => {
                        rule!(self.coverage, H2, 0);
                        let exclusive = self.page(folio, page).exclusive;
                        let flags = self.protected(vma_flags, flags, exclusive);
                        rule!(self.coverage, H4, u8::from(flags.has(EntryFlags::WRITE)));
                        self.set_pte_flags(pid, vpn, flags);
                    }
                    Pte::Migration(Mapped { flags, .. }) => {
                        let flags = self.downgraded(flags);
                        self.set_pte_flags(pid, vpn, flags);
                    }
                    _ => {}
                }
            }
        }
    }

    /// H2: an entry with the protection of its VMA: W is lost, and comes back only by H3.
    fn protected(&mut self, vma: VmaFlags, flags: EntryFlags, exclusive: bool) -> EntryFlags {
        let accessible = vma.has(VmaFlags::READ) || vma.has(VmaFlags::WRITE);
        let flags = flags
            .without(EntryFlags::WRITE.with(EntryFlags::PROTNONE))
            .with_if(EntryFlags::PROTNONE, !accessible);
        flags.with_if(EntryFlags::WRITE, self.can_be_writable(vma, flags, exclusive))
    }

    /// H3: whether an entry may be W without a write fault. `exclusive` is PAE of its page.
    pub(crate) fn can_be_writable(
        &mut self,
        vma: VmaFlags,
        flags: EntryFlags,
        exclusive: bool,
    ) -> bool {
        let allowed = vma.has(VmaFlags::WRITE) && !flags.has(EntryFlags::PROTNONE) && exclusive;
        let tracked = self.needs_soft_dirty_fault(vma, flags);
        if allowed {
            rule!(self.coverage, H3, u8::from(tracked));
        }
        allowed && !tracked
    }

    /// "soft-dirty-wp needed" (S21).
    pub(crate) fn needs_soft_dirty_fault(&self, vma: VmaFlags, flags: EntryFlags) -> bool {
        self.config.soft_dirty
            && !vma.has(VmaFlags::SOFTDIRTY)
            && !flags.has(EntryFlags::SOFT_DIRTY)
    }

    /// H9, BT4: a subject that changes a run at once may give an entry the young and dirty bits
    /// that another entry of the run has. What it says it did is adopted before the change.
    fn adopt_merges(&mut self, pid: Pid, part: Range<u32>) {
        if !self.any_merge_left() {
            return;
        }
        let before: Vec<Pte> = part.clone().map(|vpn| self.pte(pid, vpn)).collect();
        for (at, vpn) in part.enumerate() {
            let Pte::Page(own) = before[at] else { continue };
            if !self.folio(own.folio).large() {
                continue;
            }
            let run = run_around(&before, at);
            let had = |bit| before[run.clone()].iter().any(|pte| has_bit(*pte, bit));
            let (young, dirty) = (had(EntryFlags::YOUNG), had(EntryFlags::DIRTY));
            let allowed = |gains_young: bool, gains_dirty: bool| {
                (young || !gains_young) && (dirty || !gains_dirty)
            };
            if let Some((gains_young, gains_dirty)) = self.chosen_merge(pid, vpn, allowed) {
                rule!(self.coverage, H9);
                rule!(self.coverage, BT4, u8::from(gains_dirty));
                let flags = own.flags.with_if(EntryFlags::YOUNG, gains_young);
                let flags = if gains_dirty { self.dirtied(flags) } else { flags };
                self.set_pte_flags(pid, vpn, flags);
            }
        }
    }
}

/// The longest legal run of `mprotect` (H9) around an entry of one table: the same folio,
/// consecutive pages, equal W, soft-dirty and protnone.
fn run_around(ptes: &[Pte], at: usize) -> Range<usize> {
    let joined = |low: usize| match (ptes.get(low), ptes.get(low + 1)) {
        (Some(Pte::Page(a)), Some(Pte::Page(b))) => {
            let ignored = EntryFlags::YOUNG.with(EntryFlags::DIRTY);
            a.folio == b.folio
                && a.page + 1 == b.page
                && a.flags.without(ignored) == b.flags.without(ignored)
        }
        _ => false,
    };
    let (mut start, mut last) = (at, at);
    while start > 0 && joined(start - 1) {
        start -= 1;
    }
    while joined(last) {
        last += 1;
    }
    start..last + 1
}

fn has_bit(pte: Pte, bit: EntryFlags) -> bool {
    matches!(pte, Pte::Page(mapped) if mapped.flags.has(bit))
}

/// NUMA hints.
impl Reference {
    /// `numa_hint` (H11).
    pub(crate) fn op_numa_hint(&mut self, pid: Pid, range: PageRange) -> Outcome {
        let (mut at, end, _) = self.cut(range);
        while let Some(piece) = self.next_piece(pid, at, end) {
            if piece.flags.has(VmaFlags::READ) || piece.flags.has(VmaFlags::WRITE) {
                for part in self.present_blocks(pid, piece.start..piece.end) {
                    self.hint_part(pid, part);
                }
            }
            at = piece.end;
        }
        Outcome::Ok
    }

    /// One block, or the part of it in range.
    fn hint_part(&mut self, pid: Pid, part: Range<u32>) {
        let whole = part.len() as u32 == self.ptes();
        match self.pmd(pid, part.start) {
            PmdKind::None | PmdKind::HugeZero(_) => {}
            PmdKind::Migration(Leaf { flags, .. }) => {
                if whole {
                    let flags = self.downgraded(flags);
                    self.set_leaf_flags(pid, part.start, flags);
                }
            }
            PmdKind::Leaf(Leaf { flags, .. }) => {
                if whole && !flags.has(EntryFlags::PROTNONE) {
                    rule!(self.coverage, H11, 0);
                    self.set_leaf_flags(pid, part.start, hinted(flags));
                }
            }
            PmdKind::Table => {
                for vpn in part {
                    match self.pte(pid, vpn) {
                        Pte::Page(Mapped { folio, flags, .. })
                            if !flags.has(EntryFlags::PROTNONE) && !self.hint_skips(folio) =>
                        {
                            rule!(self.coverage, H11, 1);
                            self.set_pte_flags(pid, vpn, hinted(flags));
                        }
                        Pte::Migration(Mapped { flags, .. }) => {
                            let flags = self.downgraded(flags);
                            self.set_pte_flags(pid, vpn, flags);
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// H11: KSM pages and pinned or possibly shared pages of a COW mapping are left alone.
    fn hint_skips(&mut self, folio: u32) -> bool {
        let ksm = self.folio(folio).flags.has(FolioFlags::KSM);
        let skips = ksm || self.maybe_pinned(folio) || self.maybe_mapped_shared(folio);
        if skips {
            rule!(self.coverage, H11, 2);
        }
        skips
    }
}

/// A NUMA hint: present without access; everything but W is kept.
fn hinted(flags: EntryFlags) -> EntryFlags {
    flags.without(EntryFlags::WRITE).with(EntryFlags::PROTNONE)
}

/// Soft-dirty.
impl Reference {
    /// `clear_refs` (Z4).
    pub(crate) fn op_clear_refs(&mut self, pid: Pid) -> Outcome {
        if !self.config.soft_dirty {
            return Outcome::Err(Errno::EINVAL);
        }
        for vma in &mut self.mm_mut(pid).vmas {
            vma.flags = vma.flags.without(VmaFlags::SOFTDIRTY);
        }
        let mut at = 0;
        while let Some(piece) = self.next_piece(pid, at, self.config.space_pages()) {
            for part in self.present_blocks(pid, piece.start..piece.end) {
                self.clear_soft_dirty(pid, part);
            }
            at = piece.end;
        }
        Outcome::Ok
    }

    fn clear_soft_dirty(&mut self, pid: Pid, part: Range<u32>) {
        let cleared =
            |flags: EntryFlags| flags.without(EntryFlags::SOFT_DIRTY.with(EntryFlags::WRITE));
        match self.pmd(pid, part.start) {
            PmdKind::None => {}
            PmdKind::Migration(Leaf { flags, .. }) => {
                rule!(self.coverage, Z4, 4);
                self.set_leaf_flags(pid, part.start, flags.without(EntryFlags::SOFT_DIRTY));
            }
            PmdKind::Leaf(Leaf { flags, .. }) | PmdKind::HugeZero(flags) => {
                rule!(self.coverage, Z4, 0);
                self.set_leaf_flags(pid, part.start, cleared(flags));
            }
            PmdKind::Table => {
                for vpn in part {
                    match self.pte(pid, vpn) {
                        Pte::Page(Mapped { folio, flags, .. })
                            if flags.has(EntryFlags::WRITE)
                                && self.mm(pid).has_pinned
                                && self.maybe_pinned(folio) =>
                        {
                            rule!(self.coverage, Z4, 1);
                        }
                        Pte::Zero(flags) | Pte::Page(Mapped { flags, .. }) => {
                            rule!(self.coverage, Z4, 2);
                            self.set_pte_flags(pid, vpn, cleared(flags));
                        }
                        Pte::Swap(Swapped { flags, .. }) => {
                            rule!(self.coverage, Z4, 3);
                            let flags = flags.without(EntryFlags::SOFT_DIRTY);
                            self.set_pte_flags(pid, vpn, flags);
                        }
                        Pte::Migration(Mapped { flags, .. }) => {
                            rule!(self.coverage, Z4, 4);
                            let flags = flags.without(EntryFlags::SOFT_DIRTY);
                            self.set_pte_flags(pid, vpn, flags);
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
