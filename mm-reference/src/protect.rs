//! Changing protection: `mprotect`, NUMA hints and soft-dirty clearing (rulebook section H, Z4).

use std::ops::Range;

use mm_ops::{EntryFlags, Errno, FolioFlags, Outcome, PageRange, Pid, Prot, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{Leaf, Mapped, PmdKind, Pte, Reference, Swapped};
use crate::vma::{Piece, prot_flags};

/// What a change of protection (change_protection) is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The VMA's protection changed.
    Mprotect,
    /// userfaultfd protects the range against writes (H7).
    UffdProtect,
    /// userfaultfd lets go of it.
    UffdResolve,
}

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
            self.between_steps();
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
        self.change_entries(pid, start..end, Change::Mprotect).map_err(|NoMemory| Errno::ENOMEM)?;
        if old.has(VmaFlags::LOCKED) && !old.has(VmaFlags::WRITE) && prot.write {
            rule!(self.coverage, H12);
            self.populate_after_protect(pid, start..end);
        }
        Ok(())
    }

    /// change_protection (H2, H5 … H8): every entry of the range gets the protection of its VMA. Only
    /// page tables for markers can fail to be allocated.
    pub(crate) fn change_entries(
        &mut self,
        pid: Pid,
        range: Range<u32>,
        change: Change,
    ) -> Result<(), NoMemory> {
        let vma_flags = self.vma_flags(pid, range.start);
        if change == Change::UffdProtect && self.uffd_marks_empty() {
            return self.mark_and_change(pid, range, vma_flags);
        }
        for part in self.present_blocks(pid, range) {
            self.change_block(pid, part, vma_flags, change);
        }
        Ok(())
    }

    /// H7: where empty places are marked, every block needs a table first.
    fn mark_and_change(
        &mut self,
        pid: Pid,
        range: Range<u32>,
        vma_flags: VmaFlags,
    ) -> Result<(), NoMemory> {
        let mut at = range.start;
        while at < range.end {
            let part = at..self.block_end(at, range.end);
            self.ensure_pmd_table(pid, at)?;
            self.ensure_pte_table(pid, at)?;
            self.change_block(pid, part.clone(), vma_flags, Change::UffdProtect);
            at = part.end;
        }
        Ok(())
    }

    /// One block, or the part of it in range (H8).
    fn change_block(&mut self, pid: Pid, part: Range<u32>, vma_flags: VmaFlags, change: Change) {
        let whole = part.len() as u32 == self.ptes();
        match self.pmd(pid, part.start) {
            PmdKind::None => return,
            PmdKind::Leaf(Leaf { folio, flags }) if whole => {
                rule!(self.coverage, H8, 0);
                let exclusive = self.page(folio, 0).exclusive;
                let flags = self.changed(vma_flags, flags, exclusive, change);
                return self.set_leaf_flags(pid, part.start, flags);
            }
            PmdKind::HugeZero(flags) if whole => {
                rule!(self.coverage, H8, 1);
                let flags = self.changed(vma_flags, flags, false, change);
                return self.set_leaf_flags(pid, part.start, flags);
            }
            PmdKind::Migration(Leaf { flags, .. }) if whole => {
                rule!(self.coverage, H8, 3);
                let flags = uffd_changed(self.downgraded(flags), change);
                return self.set_leaf_flags(pid, part.start, flags);
            }
            PmdKind::Leaf(_) | PmdKind::HugeZero(_) | PmdKind::Migration(_) => {
                rule!(self.coverage, H8, 2);
                self.split_pmd(pid, part.start);
            }
            PmdKind::Table => {}
        }
        if change == Change::Mprotect {
            self.adopt_merges(pid, part.clone());
        }
        for vpn in part {
            self.change_entry(pid, vpn, vma_flags, change);
        }
    }

    /// One PTE.
    fn change_entry(&mut self, pid: Pid, vpn: u32, vma_flags: VmaFlags, change: Change) {
        let flags = match self.pte(pid, vpn) {
            Pte::Zero(flags) => {
                rule!(self.coverage, H2, 1);
                self.changed(vma_flags, flags, false, change)
            }
            Pte::Page(Mapped { folio, page, flags }) => {
                rule!(self.coverage, H2, 0);
                let exclusive = self.page(folio, page).exclusive;
                let flags = self.changed(vma_flags, flags, exclusive, change);
                rule!(self.coverage, H4, u8::from(flags.has(EntryFlags::WRITE)));
                flags
            }
            Pte::Migration(Mapped { flags, .. }) => uffd_changed(self.downgraded(flags), change),
            Pte::Swap(Swapped { flags, .. }) | Pte::Hwpoison(Mapped { flags, .. }) => {
                rule!(self.coverage, H6, u8::from(change != Change::Mprotect));
                uffd_changed(flags, change)
            }
            Pte::None | Pte::UffdMarker => return self.change_empty(pid, vpn, change),
            Pte::Guard | Pte::Poisoned => return,
        };
        self.set_pte_flags(pid, vpn, flags);
    }

    /// H6, H7: an empty place may get a uffd-wp marker; a marker goes when protection is resolved.
    fn change_empty(&mut self, pid: Pid, vpn: u32, change: Change) {
        match change {
            Change::Mprotect => {}
            Change::UffdProtect if self.uffd_marks_empty() => {
                rule!(self.coverage, H7, 2);
                self.set_pte(pid, vpn, Pte::UffdMarker);
            }
            Change::UffdProtect => rule!(self.coverage, H7, 3),
            Change::UffdResolve => self.set_pte(pid, vpn, Pte::None),
        }
    }

    /// H2, H7: a present entry with the protection of its VMA: W is lost, and comes back only by H3;
    /// not at all where userfaultfd protects.
    fn changed(
        &mut self,
        vma: VmaFlags,
        flags: EntryFlags,
        exclusive: bool,
        change: Change,
    ) -> EntryFlags {
        let accessible = vma.has(VmaFlags::READ) || vma.has(VmaFlags::WRITE);
        let flags = uffd_changed(flags, change)
            .without(EntryFlags::WRITE.with(EntryFlags::PROTNONE))
            .with_if(EntryFlags::PROTNONE, !accessible);
        match change {
            Change::UffdProtect => {
                rule!(self.coverage, H7, 0);
                return flags;
            }
            Change::UffdResolve => rule!(self.coverage, H7, 1),
            Change::Mprotect => {}
        }
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
        let watched = self.uffd_protected(vma, flags);
        if allowed {
            rule!(self.coverage, H3, if watched { 2 } else { u8::from(tracked) });
        }
        allowed && !tracked && !watched
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

/// H6: uwp is set, or cleared, or as it was.
fn uffd_changed(flags: EntryFlags, change: Change) -> EntryFlags {
    match change {
        Change::Mprotect => flags,
        Change::UffdProtect => flags.with(EntryFlags::UFFD_WP),
        Change::UffdResolve => flags.without(EntryFlags::UFFD_WP),
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
            self.between_steps();
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
            self.between_steps();
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
