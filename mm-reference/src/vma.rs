//! VMAs: making, splitting and merging them (L10, L11), and the operations that only change their
//! flags (`mseal`, the advice of I11, the flag half of `mlock`).

use mm_ops::{AllocKind, Errno, Outcome, PageRange, Pid, Prot, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{AvId, Reference, Vma};
use crate::uffd::UFFD;

/// Flags in which VMAs that merge may differ (L10).
pub(crate) const IGNORED_BY_MERGES: VmaFlags = VmaFlags::SOFTDIRTY.with(VmaFlags::MAYBE_GUARD);

/// A part of an operation's range that lies in one VMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Flags of the VMA.
    pub(crate) flags: VmaFlags,
    /// Whether there is a hole between this piece and the one before (or the start of the range).
    pub(crate) after_hole: bool,
}

/// `mmap`.
impl Reference {
    pub(crate) fn op_mmap(
        &mut self,
        pid: Pid,
        range: PageRange,
        prot: Prot,
        droppable: bool,
    ) -> Outcome {
        if range.is_empty() {
            return Outcome::Err(Errno::EINVAL);
        }
        if range.end() > u64::from(self.config.space_pages()) {
            return Outcome::Err(Errno::ENOMEM);
        }
        let (start, end) = (range.start.0, range.end() as u32);
        if self.find_vma(pid, start).is_some_and(|vma| vma.start < end) {
            return Outcome::Err(Errno::EEXIST);
        }
        let flags = prot_flags(prot)
            .with_if(VmaFlags::ACCOUNT, prot.write && !droppable)
            .with_if(VmaFlags::DROPPABLE.with(VmaFlags::WIPEONFORK), droppable)
            .with(VmaFlags::SOFTDIRTY);
        let (anon_vma, avcs) = (None, Vec::new());
        let new = Vma { start, end, pgoff: start, flags, anon_vma, avcs, linked: 0 };
        if self.place_vma(pid, new, None).is_err() {
            return Outcome::Err(Errno::ENOMEM);
        }
        let index = self.vma_index(pid, start).expect("it was placed just now");
        let flags = &mut self.mm_mut(pid).vmas[index].flags;
        *flags = flags.with(VmaFlags::SOFTDIRTY);
        Outcome::Ok
    }

    /// A VMA where nothing is mapped yet: merged with its neighbours, else a VMA of its own (L10). It
    /// may have an anon_vma already, that of the memory that is to be moved there (J5). Links are
    /// allocated for the place given, else for the start of the VMA that needs them.
    pub(crate) fn place_vma(
        &mut self,
        pid: Pid,
        new: Vma,
        links_for: Option<u32>,
    ) -> Result<(), NoMemory> {
        let (start, end) = (new.start, new.end);
        let at = self.mm(pid).vmas.partition_point(|vma| vma.start < start);
        let (left, right) = self.mergeable(pid, at.checked_sub(1), &new, Some(at));
        let marked = self.any_maybe_guard(pid, &new, left, right);
        let vmas = &self.mm(pid).vmas;
        let survivor = match (left, right) {
            (true, true) => {
                let next = vmas[at].clone();
                let giver = if next.anon_vma.is_some() { &next } else { &new };
                self.take_chain(pid, at - 1, giver, links_for)?;
                rule!(self.coverage, L10, 0);
                self.mm_mut(pid).vmas.remove(at);
                self.mm_mut(pid).vmas[at - 1].end = next.end;
                at - 1
            }
            (true, false) => {
                self.take_chain(pid, at - 1, &new, links_for)?;
                rule!(self.coverage, L10, 1);
                self.mm_mut(pid).vmas[at - 1].end = end;
                at - 1
            }
            (false, true) => {
                self.take_chain(pid, at, &new, links_for)?;
                rule!(self.coverage, L10, 2);
                let next = &mut self.mm_mut(pid).vmas[at];
                (next.start, next.pgoff) = (start, new.pgoff);
                at
            }
            (false, false) => {
                self.try_allocate(AllocKind::Vma, pid, start)?;
                self.allocate_chain(pid, start, new.avcs.len())?;
                self.mm_mut(pid).vmas.insert(at, new);
                at
            }
        };
        self.relink(pid, survivor);
        let flags = &mut self.mm_mut(pid).vmas[survivor].flags;
        *flags = flags.with_if(VmaFlags::MAYBE_GUARD, marked);
        Ok(())
    }

    /// A VMA that survives a merge clones the chain of the giver if it has none, and the giver has
    /// (L2, L10).
    fn take_chain(
        &mut self,
        pid: Pid,
        survivor: usize,
        giver: &Vma,
        links_for: Option<u32>,
    ) -> Result<(), NoMemory> {
        let vma = &self.mm(pid).vmas[survivor];
        if vma.anon_vma.is_none() && giver.anon_vma.is_some() {
            let place = links_for.unwrap_or(vma.start);
            self.allocate_chain(pid, place, giver.avcs.len())?;
            let vma = &mut self.mm_mut(pid).vmas[survivor];
            inherit(vma, giver.anon_vma, giver.avcs.clone());
        }
        Ok(())
    }

    /// Whether a VMA would merge with a neighbour at its place, where nothing is mapped yet (L10).
    pub(crate) fn would_merge(&self, pid: Pid, new: &Vma) -> bool {
        let at = self.mm(pid).vmas.partition_point(|vma| vma.start < new.start);
        let (left, right) = self.mergeable(pid, at.checked_sub(1), new, Some(at));
        left || right
    }

    /// A VMA that begins here merges with its neighbours, if it can (L10). Without the memory for
    /// links it stays what it is.
    pub(crate) fn merge_in_place(&mut self, pid: Pid, start: u32) {
        let index = self.vma_index(pid, start).expect("the caller made it");
        let vma = self.mm_mut(pid).vmas.remove(index);
        let merges = self.would_merge(pid, &vma);
        if !merges || self.place_vma(pid, vma.clone(), Some(start)).is_err() {
            self.mm_mut(pid).vmas.insert(index, vma);
        }
    }

    /// J3: a VMA grows at its end, where nothing is mapped, and the VMA behind joins it if it can
    /// (L10).
    pub(crate) fn extend_vma(&mut self, pid: Pid, index: usize, end: u32) -> Result<(), NoMemory> {
        let vmas = &self.mm(pid).vmas;
        let grown = Vma { end, ..vmas[index].clone() };
        let next = vmas.get(index + 1);
        let next = next.filter(|next| contiguous(&grown, next) && swallows(&grown, next));
        let mut marked = false;
        if let Some(next) = next.cloned() {
            self.take_chain(pid, index, &next, None)?;
            rule!(self.coverage, L10, 6);
            marked = next.has(VmaFlags::MAYBE_GUARD);
            self.mm_mut(pid).vmas.remove(index + 1);
            self.mm_mut(pid).vmas[index].end = next.end;
        } else {
            self.mm_mut(pid).vmas[index].end = end;
        }
        let flags = &mut self.mm_mut(pid).vmas[index].flags;
        *flags = flags.with_if(VmaFlags::MAYBE_GUARD, marked);
        self.relink(pid, index);
        Ok(())
    }
}

/// Merging and splitting.
impl Reference {
    /// Whether `middle` can merge with the VMA before it and with the one behind it (L10). Both
    /// only if those two are compatible with each other.
    fn mergeable(
        &self,
        pid: Pid,
        before: Option<usize>,
        middle: &Vma,
        behind: Option<usize>,
    ) -> (bool, bool) {
        let vmas = &self.mm(pid).vmas;
        let prev = before.and_then(|i| vmas.get(i));
        let next = behind.and_then(|i| vmas.get(i));
        let prev = prev.filter(|prev| contiguous(prev, middle) && compatible(prev, middle));
        let next = next.filter(|next| contiguous(middle, next) && compatible(next, middle));
        match (prev, next) {
            (Some(prev), Some(next)) => {
                let (a, b) = (prev.anon_vma, next.anon_vma);
                (true, a.is_none() || b.is_none() || a == b)
            }
            (prev, next) => (prev.is_some(), next.is_some()),
        }
    }

    /// L10: whether a merge of `middle` with the VMA before it (`left`) and the one behind it
    /// (`right`) is a matter of a MAYBE_GUARD VMA.
    fn any_maybe_guard(&self, pid: Pid, middle: &Vma, left: bool, right: bool) -> bool {
        let merged =
            |vma: &&Vma| left && vma.end == middle.start || right && vma.start == middle.end;
        let mut merged = self.mm(pid).vmas.iter().filter(merged);
        middle.has(VmaFlags::MAYBE_GUARD) || merged.any(|vma| vma.has(VmaFlags::MAYBE_GUARD))
    }

    /// Gives `start..end`, which lies in one VMA, other flags: by merging (L10), else by splitting
    /// (L11). A failure leaves what was split before it.
    pub(crate) fn change_flags(
        &mut self,
        pid: Pid,
        start: u32,
        end: u32,
        flags: VmaFlags,
    ) -> Result<(), NoMemory> {
        let index = self.vma_index(pid, start).expect("the caller found a VMA");
        let mut middle = self.mm(pid).vmas[index].clone();
        let before = index.checked_sub(1).filter(|_| start == middle.start);
        let behind = Some(index + 1).filter(|_| end == middle.end);
        let whole = (middle.start, middle.end);
        // What mseal and userfaultfd change, and nothing else.
        let own = VmaFlags::SEALED.with(UFFD);
        let only_own = flags.without(own) == middle.flags.without(own);
        middle.pgoff = middle.index_of(start);
        (middle.start, middle.end, middle.flags) = (start, end, flags);
        let (left, right) = self.mergeable(pid, before, &middle, behind);
        let marked = self.any_maybe_guard(pid, &middle, left, right);
        match (left, right) {
            (true, true) => self.merge_both(pid, index, middle)?,
            (true, false) => self.merge_left(pid, index, middle, whole.1)?,
            (false, true) => self.merge_right(pid, index, middle, whole.0)?,
            (false, false) => {
                if whole.0 < start {
                    self.split_vma(pid, start)?;
                }
                if end < whole.1 {
                    self.split_vma(pid, end)?;
                }
            }
        }
        // Whoever covers the range now takes the flags whole, SOFTDIRTY with them; mseal and
        // userfaultfd only set their own. MAYBE_GUARD is never lost.
        let index = self.vma_index(pid, start).expect("it was only split or merged");
        let survivor = &mut self.mm_mut(pid).vmas[index];
        let changed = VmaFlags(flags.0 & own.0);
        survivor.flags = if only_own { survivor.flags.without(own).with(changed) } else { flags }
            .with_if(VmaFlags::MAYBE_GUARD, marked);
        Ok(())
    }

    /// The VMA before swallows `middle` and the VMA behind.
    fn merge_both(&mut self, pid: Pid, index: usize, middle: Vma) -> Result<(), NoMemory> {
        let vmas = &self.mm(pid).vmas;
        let (prev, next) = (&vmas[index - 1], &vmas[index + 1]);
        let giver = if next.anon_vma.is_some() { next } else { &middle };
        let (anon_vma, avcs) = (giver.anon_vma, giver.avcs.clone());
        let (place, end) = (prev.start, next.end);
        let needs = prev.anon_vma.is_none() && anon_vma.is_some();
        self.allocate_chain(pid, place, if needs { avcs.len() } else { 0 })?;
        rule!(self.coverage, L10, 3);
        self.mm_mut(pid).vmas.drain(index..=index + 1);
        let prev = &mut self.mm_mut(pid).vmas[index - 1];
        prev.end = end;
        if needs {
            inherit(prev, anon_vma, avcs);
        }
        self.relink(pid, index - 1);
        Ok(())
    }

    /// The VMA before grows over `middle`; what is left of the old VMA ends at `old_end`.
    fn merge_left(
        &mut self,
        pid: Pid,
        index: usize,
        middle: Vma,
        old_end: u32,
    ) -> Result<(), NoMemory> {
        let prev = &self.mm(pid).vmas[index - 1];
        let needs = prev.anon_vma.is_none() && middle.anon_vma.is_some();
        let place = prev.start;
        self.allocate_chain(pid, place, if needs { middle.avcs.len() } else { 0 })?;
        rule!(self.coverage, L10, 4);
        self.split_pmd_at(pid, middle.end);
        let vmas = &mut self.mm_mut(pid).vmas;
        if middle.end == old_end {
            vmas.remove(index);
        } else {
            vmas[index].pgoff = middle.index_end();
            vmas[index].start = middle.end;
        }
        let prev = &mut vmas[index - 1];
        prev.end = middle.end;
        if needs {
            inherit(prev, middle.anon_vma, middle.avcs);
        }
        self.relink(pid, index - 1);
        if middle.end < old_end {
            self.relink(pid, index);
        }
        Ok(())
    }

    /// The VMA behind grows down over `middle`; what is left of the old VMA begins at `old_start`.
    fn merge_right(
        &mut self,
        pid: Pid,
        index: usize,
        middle: Vma,
        old_start: u32,
    ) -> Result<(), NoMemory> {
        let next = &self.mm(pid).vmas[index + 1];
        let needs = next.anon_vma.is_none() && middle.anon_vma.is_some();
        let place = next.start;
        self.allocate_chain(pid, place, if needs { middle.avcs.len() } else { 0 })?;
        rule!(self.coverage, L10, 5);
        self.split_pmd_at(pid, middle.start);
        let vmas = &mut self.mm_mut(pid).vmas;
        let next = &mut vmas[index + 1];
        (next.start, next.pgoff) = (middle.start, middle.pgoff);
        if needs {
            inherit(next, middle.anon_vma, middle.avcs);
        }
        if middle.start == old_start {
            vmas.remove(index);
        } else {
            vmas[index].end = middle.start;
            self.relink(pid, index + 1);
        }
        self.relink(pid, index);
        Ok(())
    }

    /// L11: splits the VMA that holds `at` there; both halves link the same anon_vmas.
    pub(crate) fn split_vma(&mut self, pid: Pid, at: u32) -> Result<(), NoMemory> {
        let index = self.vma_index(pid, at).expect("the caller found a VMA");
        let vma = &self.mm(pid).vmas[index];
        let (place, chain) = (vma.start, vma.avcs.len());
        self.try_allocate(AllocKind::Vma, pid, place)?;
        self.allocate_chain(pid, place, chain)?;
        rule!(self.coverage, L11, u8::from(chain > 0));
        self.split_pmd_at(pid, at);
        let vmas = &mut self.mm_mut(pid).vmas;
        let pgoff = vmas[index].index_of(at);
        let upper = Vma { start: at, pgoff, ..vmas[index].clone() };
        vmas[index].end = at;
        vmas.insert(index + 1, upper);
        self.relink(pid, index + 1);
        self.relink(pid, index);
        Ok(())
    }

    /// A VMA ends at `at` from now on: a PMD leaf that crosses it is split (L11).
    fn split_pmd_at(&mut self, pid: Pid, at: u32) {
        if at != self.block_start(at) {
            self.split_pmd(pid, at);
        }
    }
}

fn same_flags(a: &Vma, b: &Vma) -> bool {
    a.flags.without(IGNORED_BY_MERGES) == b.flags.without(IGNORED_BY_MERGES)
}

/// L10: whether a VMA that has grown as far as the next one can be one with it. Its own chain may have any
/// length.
fn swallows(grown: &Vma, next: &Vma) -> bool {
    let no_anon_vma = grown.anon_vma.is_some() && next.anon_vma.is_none();
    same_flags(grown, next) && (no_anon_vma || compatible(next, grown))
}

/// L10: whether two VMAs whose addresses and indexes are contiguous can be one.
fn compatible(vma: &Vma, new: &Vma) -> bool {
    let same_anon_vma = match (vma.anon_vma, new.anon_vma) {
        (None, None) => true,
        (Some(a), Some(b)) => a == b,
        (Some(_), None) => vma.avcs.len() <= 1,
        (None, Some(_)) => new.avcs.len() <= 1,
    };
    same_flags(vma, new) && same_anon_vma
}

/// Whether a VMA goes on where another ends, in addresses and in linear indexes.
pub(crate) fn contiguous(low: &Vma, high: &Vma) -> bool {
    low.end == high.start && low.index_end() == high.pgoff
}

/// A survivor of a merge without anon_vma takes over another's chain (L2).
fn inherit(vma: &mut Vma, anon_vma: Option<AvId>, avcs: Vec<AvId>) {
    vma.anon_vma = anon_vma;
    vma.avcs = avcs;
}

/// The VMA flags of access rights.
pub(crate) fn prot_flags(prot: Prot) -> VmaFlags {
    VmaFlags::NONE.with_if(VmaFlags::READ, prot.read).with_if(VmaFlags::WRITE, prot.write)
}

/// Operations on the flags of a range.
impl Reference {
    /// The range of an operation, cut to the address space: what lies beyond is a hole.
    pub(crate) fn cut(&self, range: PageRange) -> (u32, u32, bool) {
        let space = self.config.space_pages();
        let end = range.end().min(u64::from(space)) as u32;
        (range.start.0.min(space), end, range.end() > u64::from(space))
    }

    /// The first part of `start..end` that lies in a VMA.
    pub(crate) fn next_piece(&self, pid: Pid, start: u32, end: u32) -> Option<Piece> {
        let vma = self.find_vma(pid, start).filter(|vma| start < end && vma.start < end)?;
        Some(Piece {
            start: start.max(vma.start),
            end: end.min(vma.end),
            flags: vma.flags,
            after_hole: start < vma.start,
        })
    }

    /// Whether the range has a page without VMA.
    pub(crate) fn has_hole(&self, pid: Pid, range: PageRange) -> bool {
        let (mut at, end, beyond) = self.cut(range);
        while let Some(piece) = self.next_piece(pid, at, end) {
            if piece.after_hole {
                return true;
            }
            at = piece.end;
        }
        at < end || beyond
    }

    /// `mseal`.
    pub(crate) fn op_mseal(&mut self, pid: Pid, range: PageRange) -> Outcome {
        if range.is_empty() {
            return Outcome::Ok;
        }
        if self.has_hole(pid, range) {
            return Outcome::Err(Errno::ENOMEM);
        }
        let (mut at, end, _) = self.cut(range);
        while let Some(piece) = self.next_piece(pid, at, end) {
            let flags = piece.flags.with(VmaFlags::SEALED);
            if flags != piece.flags
                && self.change_flags(pid, piece.start, piece.end, flags).is_err()
            {
                return Outcome::Err(Errno::ENOMEM);
            }
            at = piece.end;
        }
        Outcome::Ok
    }

    /// The flag half of `mlock` and `munlock` (Z2): VMA by VMA until the first hole.
    fn change_locked(&mut self, pid: Pid, range: PageRange, lock: bool) -> Result<(), Errno> {
        let (mut at, end, beyond) = self.cut(range);
        while let Some(piece) = self.next_piece(pid, at, end) {
            if piece.after_hole {
                return Err(Errno::ENOMEM);
            }
            let flags = piece.flags.without(VmaFlags::LOCKED).with_if(VmaFlags::LOCKED, lock);
            if flags != piece.flags && !piece.flags.has(VmaFlags::DROPPABLE) {
                rule!(self.coverage, Z2, u8::from(lock));
                self.change_flags(pid, piece.start, piece.end, flags)
                    .map_err(|NoMemory| Errno::ENOMEM)?;
                self.drain();
            }
            at = piece.end;
        }
        if at < end || beyond { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// `munlock`.
    pub(crate) fn op_munlock(&mut self, pid: Pid, range: PageRange) -> Outcome {
        if range.is_empty() {
            return Outcome::Ok;
        }
        match self.change_locked(pid, range, false) {
            Ok(()) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// `mlock`: the flags, then every page is faulted in.
    pub(crate) fn op_mlock(&mut self, pid: Pid, range: PageRange) -> Outcome {
        if range.is_empty() {
            return Outcome::Ok;
        }
        if let Err(errno) = self.change_locked(pid, range, true) {
            return Outcome::Err(errno);
        }
        let (mut at, end, _) = self.cut(range);
        while let Some(piece) = self.next_piece(pid, at, end) {
            if let Err(errno) = self.populate_locked(pid, piece) {
                return Outcome::Err(match errno {
                    Errno::EFAULT => Errno::ENOMEM,
                    Errno::ENOMEM => Errno::EAGAIN,
                    other => other,
                });
            }
            at = piece.end;
        }
        Outcome::Ok
    }

    /// The VMA flags at a page; none without VMA.
    pub(crate) fn vma_flags(&self, pid: Pid, vpn: u32) -> VmaFlags {
        self.vma(pid, Vpn(vpn)).map_or(VmaFlags::NONE, |vma| vma.flags)
    }
}
