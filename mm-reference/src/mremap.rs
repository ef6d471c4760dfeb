//! `mremap` (rulebook section J): memory gets another size, or another place. Its pages stay what and
//! whose they are; only where they are mapped changes.

use mm_ops::{EntryFlags, Errno, EventKind, MremapFlags, Outcome, PageRange, Pid, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{Leaf, Mapped, Pmd, PmdKind, Pte, Reference, Swapped, Vma};
use crate::uffd::{UFFD, armed};
use crate::vma::Piece;

/// What is asked for, of one VMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) from: u32,
    pub(crate) old_len: u32,
    pub(crate) to: u32,
    pub(crate) new_len: u32,
    pub(crate) flags: MremapFlags,
}

impl Move {
    /// The range that is moved, once nothing is to be cut off any more.
    pub(crate) fn source(&self) -> PageRange {
        PageRange::new(self.from, self.old_len)
    }

    pub(crate) fn destination(&self) -> PageRange {
        PageRange::new(self.to, self.new_len)
    }

    /// Whether the memory certainly moves (FIXED, DONTUNMAP).
    fn certain(&self) -> bool {
        self.flags.fixed || self.flags.dontunmap
    }

    /// J5: the copy of the source VMA at the new place, every page at the index it has.
    pub(crate) fn copy_of(&self, source: &Vma) -> Vma {
        let pgoff = match source.anon_vma {
            Some(_) => source.index_of(self.from),
            None => self.to,
        };
        Vma { start: self.to, end: self.to + self.new_len, pgoff, linked: 0, ..source.clone() }
    }
}

/// Arguments.
impl Reference {
    /// `mremap`.
    pub(crate) fn op_mremap(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: PageRange,
        flags: MremapFlags,
    ) -> Outcome {
        match self.mremap(pid, range, to, flags) {
            Ok(place) => Outcome::At(Vpn(place)),
            Err(errno) => Outcome::Err(errno),
        }
    }

    fn mremap(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: PageRange,
        flags: MremapFlags,
    ) -> Result<u32, Errno> {
        if flags.relocates() && (!flags.maymove || flags.dontunmap) {
            rule!(self.coverage, JR1, 0);
            return Err(Errno::EINVAL);
        }
        if !self.legal(range, to, flags) {
            rule!(self.coverage, J1, 0);
            return Err(Errno::EINVAL);
        }
        if flags.fixed && range.len == to.len {
            return self.move_every_vma(pid, range, to.start.0, flags);
        }
        let (from, old_len) = (range.start.0, range.len);
        let wanted = Move { from, old_len, to: to.start.0, new_len: to.len, flags };
        let vma = self.check_source(pid, wanted)?;
        let place =
            if wanted.certain() { self.move_to(pid, wanted)? } else { self.resize(pid, wanted)? };
        if vma.has(VmaFlags::LOCKED) && wanted.new_len > old_len {
            rule!(self.coverage, J3, 4);
            self.populate_grown(pid, place + old_len, place + wanted.new_len);
        }
        Ok(place)
    }

    /// J1: what can be said of the arguments alone. The new address counts only where one is given.
    fn legal(&self, range: PageRange, to: PageRange, flags: MremapFlags) -> bool {
        let space = u64::from(self.config.space_pages());
        if to.is_empty() || u64::from(to.len) > space {
            return false;
        }
        if !flags.fixed && !flags.dontunmap {
            return true;
        }
        let overlap = range.end() > u64::from(to.start.0) && to.end() > u64::from(range.start.0);
        let resized = range.len != to.len;
        to.end() <= space && flags.maymove && !(flags.dontunmap && resized) && !overlap
    }

    /// J1: the VMA at the start of the old range, and whether the range lies in it where that matters:
    /// it does not to a call that maps nothing new.
    fn check_source(&mut self, pid: Pid, wanted: Move) -> Result<VmaFlags, Errno> {
        let Some(vma) = self.vma(pid, Vpn(wanted.from)) else {
            rule!(self.coverage, J1, 1);
            return Err(Errno::EFAULT);
        };
        let (flags, end) = (vma.flags, vma.end);
        if flags.has(VmaFlags::SEALED) {
            rule!(self.coverage, J1, 2);
            return Err(Errno::EPERM);
        }
        if wanted.new_len <= wanted.old_len && !wanted.certain() {
            return Ok(flags);
        }
        if wanted.old_len == 0 {
            rule!(self.coverage, J1, 3);
            return Err(Errno::EINVAL);
        }
        // What a shrinking call cuts off may reach beyond the VMA.
        if wanted.old_len.min(wanted.new_len) > end - wanted.from {
            rule!(self.coverage, J1, 4);
            return Err(Errno::EFAULT);
        }
        Ok(flags)
    }

    /// J3: what a LOCKED VMA has grown by is faulted in, as far as that goes.
    fn populate_grown(&mut self, pid: Pid, start: u32, end: u32) {
        if let Some(vma) = self.vma(pid, Vpn(start)) {
            let piece = Piece { start, end, flags: vma.flags, after_hole: false };
            let _ = self.populate_locked(pid, piece);
        }
    }
}

/// Which way.
impl Reference {
    /// J2: a range of unchanged length, to an address of the caller's choice: VMA by VMA, with the gaps
    /// between them. The first error ends it; what was moved stays moved.
    fn move_every_vma(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: u32,
        flags: MremapFlags,
    ) -> Result<u32, Errno> {
        let (first, end) = (range.start.0, range.end());
        let mut at = first;
        while u64::from(at) < end
            && let Some(vma) = self.find_vma(pid, at)
            && u64::from(vma.start) < end
        {
            let (vma_end, watched) = (vma.end, armed(vma.flags));
            let from = vma.start.max(at);
            if at == first && from > first {
                break;
            }
            let lone = at == first && u64::from(vma_end) >= end;
            if watched && !lone {
                rule!(self.coverage, J2, 2);
                return Err(Errno::EFAULT);
            }
            let len = (u64::from(vma_end).min(end) - u64::from(from)) as u32;
            let (old_len, new_len) = (len, len);
            let part = Move { from, old_len, to: to + (from - first), new_len, flags };
            self.check_source(pid, part)?;
            self.move_to(pid, part)?;
            rule!(self.coverage, J2, u8::from(at > first));
            at = vma_end;
        }
        if at > first {
            return Ok(to);
        }
        rule!(self.coverage, J2, 3);
        Err(Errno::EFAULT)
    }

    /// J3: no new address was given.
    fn resize(&mut self, pid: Pid, wanted: Move) -> Result<u32, Errno> {
        let Move { from, old_len, new_len, flags, .. } = wanted;
        if new_len == old_len {
            rule!(self.coverage, J3, 0);
            return Ok(from);
        }
        if new_len < old_len {
            rule!(self.coverage, J3, 1);
            self.unmap(pid, PageRange::new(from + new_len, old_len - new_len))?;
            return Ok(from);
        }
        let index = self.vma_index(pid, from).expect("the VMA was checked");
        let end = self.mm(pid).vmas[index].end;
        let added = PageRange::new(end, new_len - old_len);
        if end == from + old_len && self.is_free(pid, added) {
            self.extend_vma(pid, index, added.end() as u32).map_err(no_memory)?;
            rule!(self.coverage, J3, 2);
            return Ok(from);
        }
        if !flags.maymove {
            rule!(self.coverage, J3, 3);
            return Err(Errno::ENOMEM);
        }
        let to = self.find_place(pid, None, new_len)?;
        self.move_vma(pid, Move { to, ..wanted })?;
        Ok(to)
    }

    /// J16: FIXED or DONTUNMAP, for one VMA. What was unmapped on the way stays so, whatever fails.
    fn move_to(&mut self, pid: Pid, wanted: Move) -> Result<u32, Errno> {
        let mut wanted = wanted;
        if wanted.flags.fixed {
            rule!(self.coverage, J16, 0);
            self.unmap(pid, wanted.destination())?;
        }
        if wanted.new_len < wanted.old_len {
            rule!(self.coverage, J16, 1);
            let cut = wanted.old_len - wanted.new_len;
            self.unmap(pid, PageRange::new(wanted.from + wanted.new_len, cut))?;
            wanted.old_len = wanted.new_len;
        }
        if !wanted.flags.fixed {
            wanted.to = self.find_place(pid, Some(wanted.to), wanted.new_len)?;
        }
        self.move_vma(pid, wanted)?;
        Ok(wanted.to)
    }

    /// J16: where the memory goes if nothing forces it: to the place wished for, if that is free, else
    /// where the subject likes.
    fn find_place(&mut self, pid: Pid, wish: Option<u32>, len: u32) -> Result<u32, Errno> {
        let taken: Vec<(u32, u32)> =
            self.mm(pid).vmas.iter().map(|vma| (vma.start, vma.end)).collect();
        let space = u64::from(self.config.space_pages());
        let free = |at: u32| {
            let end = u64::from(at) + u64::from(len);
            end <= space && !taken.iter().any(|vma| u64::from(vma.0) < end && at < vma.1)
        };
        if let Some(wish) = wish.filter(|wish| free(*wish)) {
            rule!(self.coverage, J16, 2);
            // The subject may say so, too.
            let _ = self.chosen_place(|place| place == wish);
            return Ok(wish);
        }
        rule!(self.coverage, J16, 3);
        if let Some(place) = self.chosen_place(free) {
            return Ok(place);
        }
        let ends = taken.iter().map(|vma| vma.1);
        std::iter::once(0).chain(ends).find(|at| free(*at)).ok_or(Errno::ENOMEM)
    }

    /// Whether nothing is mapped in a range, and all of it is address space.
    fn is_free(&self, pid: Pid, range: PageRange) -> bool {
        let beyond = range.end() > u64::from(self.config.space_pages());
        let next = self.find_vma(pid, range.start.0);
        !beyond && next.is_none_or(|vma| u64::from(vma.start) >= range.end())
    }
}

fn no_memory(NoMemory: NoMemory) -> Errno {
    Errno::ENOMEM
}

/// The move of one VMA, or of a part of one.
impl Reference {
    /// KSM pages first (J4), then a VMA at the new place (J5) and the page tables, or both with the
    /// pages relocated (JR1); in the end what becomes of the old place (J12). The new one is free.
    fn move_vma(&mut self, pid: Pid, wanted: Move) -> Result<(), Errno> {
        let Move { from, old_len, flags, .. } = wanted;
        let source = self.vma(pid, Vpn(from)).ok_or(Errno::EFAULT)?.clone();
        if source.has(VmaFlags::MERGEABLE) && source.anon_vma.is_some() {
            rule!(self.coverage, J4);
            self.unmerge(pid, from..from + old_len)?;
        }
        if !flags.relocates() || !self.relocate(pid, wanted, &source)? {
            self.copy_vma(pid, wanted, &source)?;
        }
        if flags.dontunmap {
            self.leave_source_empty(pid, wanted);
        } else {
            self.unmap_source(pid, wanted);
        }
        Ok(())
    }

    /// J5, J7, J11: a VMA at the new place, where every page keeps its index, and the page tables. In the
    /// anonmm scheme the index is the new place's, and so nothing keeps VMAs apart (M12).
    fn copy_vma(&mut self, pid: Pid, wanted: Move, source: &Vma) -> Result<(), Errno> {
        rule!(self.coverage, J5, u8::from(source.anon_vma.is_some()));
        if self.has_anonmm() {
            let merges = self.would_merge(pid, &wanted.copy_of(source));
            rule!(self.coverage, M12, u8::from(merges));
        }
        self.place_vma(pid, wanted.copy_of(source), Some(wanted.to)).map_err(no_memory)?;
        self.move_entries(pid, wanted, source).map_err(|NoMemory| {
            let _ = self.unmap(pid, wanted.destination());
            Errno::ENOMEM
        })
    }

    /// J7, J14: the page tables move to the VMA at the new place. Out of memory: they are where they
    /// were (J11). In the anonmm scheme pages move one by one (M3).
    pub(crate) fn move_entries(
        &mut self,
        pid: Pid,
        wanted: Move,
        source: &Vma,
    ) -> Result<(), NoMemory> {
        let Move { from, old_len, to, .. } = wanted;
        if self.has_anonmm() {
            return self.move_pages_one_by_one(pid, (from, to), old_len);
        }
        let watched = armed(source.flags);
        let unwatched = watched && !self.config.uffd_remap;
        if let Err(moved) = self.move_tables(pid, (from, to), old_len, unwatched) {
            rule!(self.coverage, J11, 0);
            // Where the entries come from there are tables, so nothing is allocated on the way back.
            let back = self.move_tables(pid, (to, from), moved, unwatched);
            debug_assert!(back.is_ok(), "the way back needs no memory");
            return Err(NoMemory);
        }
        if watched {
            rule!(self.coverage, J14, u8::from(unwatched));
        }
        if unwatched {
            let index = self.vma_index(pid, to).expect("it was placed just now");
            let flags = &mut self.mm_mut(pid).vmas[index].flags;
            *flags = flags.without(UFFD);
        }
        Ok(())
    }

    /// J12: the source goes. Should that fail, an empty VMA remains that is not accounted any more.
    fn unmap_source(&mut self, pid: Pid, moved: Move) {
        let Some(vma) = self.vma(pid, Vpn(moved.from)) else { return };
        let whole = vma.start..vma.end;
        if self.unmap(pid, moved.source()).is_ok() {
            rule!(self.coverage, J12, 0);
            return;
        }
        rule!(self.coverage, J11, 1);
        rule!(self.coverage, J12, 3);
        for vma in &mut self.mm_mut(pid).vmas {
            if whole.contains(&vma.start) {
                vma.flags = vma.flags.without(VmaFlags::ACCOUNT);
            }
        }
    }

    /// J12: DONTUNMAP. A VMA that has been moved whole has no part in its old anon_vma any more; of one
    /// moved in part the rest may (J13).
    fn leave_source_empty(&mut self, pid: Pid, moved: Move) {
        let Some(index) = self.vma_index(pid, moved.from) else { return };
        let vma = &mut self.mm_mut(pid).vmas[index];
        vma.flags = vma.flags.without(VmaFlags::LOCKED);
        let whole = (vma.start, u64::from(vma.end)) == (moved.from, moved.source().end());
        let joined = (vma.start..vma.end).contains(&moved.to);
        let unlinked = whole && !joined && vma.anon_vma.is_some();
        let keeps = !unlinked && vma.anon_vma.is_some();
        if unlinked {
            vma.anon_vma = None;
            vma.avcs.clear();
        }
        rule!(self.coverage, J12, if unlinked { 1 } else { 2 });
        if unlinked || keeps {
            rule!(self.coverage, J13, u8::from(keeps));
        }
    }
}

/// The move of page tables.
impl Reference {
    /// J7, J9: block by block, whatever can move as a whole as a whole. `unwatched`: the memory is not
    /// userfaultfd's any more at its new place. Out of memory: the number of pages that moved.
    fn move_tables(
        &mut self,
        pid: Pid,
        (from, to): (u32, u32),
        len: u32,
        unwatched: bool,
    ) -> Result<(), u32> {
        if len == 0 {
            return Ok(());
        }
        self.notify(EventKind::Unmap, pid, from..from + len);
        let back = self.realigned(pid, (from, to), len);
        let (mut old, mut new, end) = (from - back, to - back, from + len);
        while old < end {
            let (span, block) = (self.pmd_table_span(), self.ptes());
            let common = |unit: u32| (unit - old % unit).min(unit - new % unit).min(end - old);
            let mut extent = common(span);
            if self.mm(pid).pmd_tables.contains(&(old / span)) {
                let whole = extent == span && !self.mm(pid).pmd_tables.contains(&(new / span));
                if whole && !unwatched {
                    rule!(self.coverage, J9, 0);
                    rule!(self.coverage, J6, 3);
                    self.move_pmd_table(pid, old, new);
                } else {
                    extent = common(block);
                    self.move_block(pid, (old, new), extent, unwatched)
                        .map_err(|NoMemory| old.saturating_sub(from))?;
                }
            }
            old += extent;
            new += extent;
        }
        Ok(())
    }

    /// J9: how many pages before both starts the move begins, so that a table can move whole: where
    /// both are equally far from a block's start, the move reaches the block's end, each start is its
    /// VMA's, and no VMA has any of the pages before.
    fn realigned(&mut self, pid: Pid, (from, to): (u32, u32), len: u32) -> u32 {
        let into = from % self.ptes();
        let nothing_before = |start: u32| {
            let vma = self.vma(pid, Vpn(start));
            let before = self.find_vma(pid, start - into);
            vma.is_some_and(|vma| vma.start == start) && before.map(|vma| vma.start) == Some(start)
        };
        let same = into > 0 && into == to % self.ptes() && len >= self.ptes() - into;
        if same && nothing_before(from) && nothing_before(to) {
            rule!(self.coverage, J9, 1);
            return into;
        }
        0
    }

    /// J9: a whole PMD table moves, and nothing that hangs on it changes.
    fn move_pmd_table(&mut self, pid: Pid, old: u32, new: u32) {
        let (span, per_table) = (self.pmd_table_span(), self.ptes());
        let (from, to) = (self.block(old), self.block(new));
        let mm = self.mm_mut(pid);
        mm.pmd_tables.remove(&(old / span));
        mm.pmd_tables.insert(new / span);
        for at in 0..per_table {
            if let Some(pmd) = mm.pmds.remove(&(from + at)) {
                mm.pmds.insert(to + at, pmd);
            }
        }
    }

    /// One block, or the part of one that lies in one block of the destination, too.
    fn move_block(
        &mut self,
        pid: Pid,
        (old, new): (u32, u32),
        extent: u32,
        unwatched: bool,
    ) -> Result<(), NoMemory> {
        let kind = self.pmd(pid, old);
        if kind == PmdKind::None {
            return Ok(());
        }
        self.ensure_pmd_table(pid, new)?;
        let whole = extent == self.ptes() && self.pmd(pid, new) == PmdKind::None;
        let leaf = kind != PmdKind::Table;
        if whole && leaf {
            rule!(self.coverage, J9, 3);
            self.move_leaf(pid, old, new, kind, unwatched);
            return Ok(());
        }
        if whole && !unwatched {
            rule!(self.coverage, J9, 2);
            let block = self.block(old);
            rule!(self.coverage, J6, 2);
            if let Some(table) = self.mm_mut(pid).pmds.remove(&block) {
                self.set_pmd(pid, new, table);
            }
            return Ok(());
        }
        if leaf {
            rule!(self.coverage, J9, 4);
            if old % self.ptes() != new % self.ptes() {
                rule!(self.coverage, J15);
            }
            self.split_pmd(pid, old);
        }
        self.ensure_pte_table(pid, new)?;
        for at in 0..extent {
            self.move_entry(pid, old + at, new + at, unwatched);
        }
        Ok(())
    }

    /// J9: a leaf of any kind, with its deposited table.
    fn move_leaf(&mut self, pid: Pid, old: u32, new: u32, kind: PmdKind, unwatched: bool) {
        let moved = |leaf: Leaf| Leaf { flags: self.moved_flags(leaf.flags, unwatched), ..leaf };
        let pmd = match kind {
            PmdKind::Leaf(leaf) => Pmd::Leaf(moved(leaf)),
            PmdKind::Migration(leaf) => Pmd::Migration(moved(leaf)),
            PmdKind::DevPrivate(leaf) => Pmd::DevPrivate(moved(leaf)),
            PmdKind::HugeZero(flags) => Pmd::HugeZero(self.moved_flags(flags, unwatched)),
            PmdKind::None | PmdKind::Table => return,
        };
        if let PmdKind::Leaf(_) = kind {
            rule!(self.coverage, J6, 1);
        }
        self.clear_pmd(pid, old);
        self.set_pmd(pid, new, pmd);
    }

    /// J6, J7: one entry. Nothing is added to the folio, and nothing taken from it.
    fn move_entry(&mut self, pid: Pid, old: u32, new: u32, unwatched: bool) {
        let flags = |flags| self.moved_flags(flags, unwatched);
        let (moved, case) = match self.pte(pid, old) {
            Pte::None => return,
            Pte::Page(page) => {
                let flags = flags(page.flags);
                rule!(self.coverage, J6, 0);
                (Pte::Page(Mapped { flags, ..page }), 0)
            }
            Pte::Zero(old) => (Pte::Zero(flags(old)), 1),
            Pte::Swap(swapped) => {
                (Pte::Swap(Swapped { flags: flags(swapped.flags), ..swapped }), 2)
            }
            Pte::Migration(page) => {
                (Pte::Migration(Mapped { flags: flags(page.flags), ..page }), 3)
            }
            Pte::DevPrivate(page) => {
                (Pte::DevPrivate(Mapped { flags: flags(page.flags), ..page }), 7)
            }
            Pte::DevExclusive(page) => {
                (Pte::DevExclusive(Mapped { flags: flags(page.flags), ..page }), 8)
            }
            // It has no soft-dirty bit (S4).
            Pte::Hwpoison(page) if unwatched => {
                let flags = page.flags.without(EntryFlags::UFFD_WP);
                (Pte::Hwpoison(Mapped { flags, ..page }), 4)
            }
            Pte::UffdMarker if unwatched => (Pte::None, 5),
            other @ (Pte::Hwpoison(_) | Pte::Guard | Pte::Poisoned | Pte::UffdMarker) => (other, 6),
        };
        rule!(self.coverage, J7, case);
        self.between_steps();
        self.set_pte(pid, old, Pte::None);
        self.set_pte(pid, new, moved);
    }

    /// J7: the flags of an entry after a move.
    fn moved_flags(&self, flags: EntryFlags, unwatched: bool) -> EntryFlags {
        let flags = flags.with_if(EntryFlags::SOFT_DIRTY, self.config.soft_dirty);
        if unwatched { flags.without(EntryFlags::UFFD_WP) } else { flags }
    }
}
