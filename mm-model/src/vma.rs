//! VMAs: finding, mapping, splitting, merging (rulebook L10, L11) and the flag changes built on
//! them (mlock, mseal, the madvise flags). Page-table entries are touched only where a boundary
//! cuts a PMD leaf.

use crate::alloc::NoMemory;
use crate::model::Model;
use crate::rmap::{AnonVmaNr, AvcList, Link};
use mm_ops::{AllocKind, Errno, NO_ANON_VMA, Outcome, PageRange, Pid, Prot, VmaFlags};

/// A mapping of private anonymous memory (S2).
#[derive(Clone, Debug)]
pub(crate) struct Vma {
    pub(crate) start: u32,
    /// First page behind it.
    pub(crate) end: u32,
    /// Linear index of the first page.
    pub(crate) pgoff: u32,
    pub(crate) flags: VmaFlags,
    /// Its anon_vma, or [`NO_ANON_VMA`].
    pub(crate) anon_vma: AnonVmaNr,
    pub(crate) avcs: AvcList,
}

impl Vma {
    /// The linear index of a page of this VMA.
    pub(crate) const fn linear_index(&self, vpn: u32) -> u32 {
        self.pgoff + (vpn - self.start)
    }

    /// First page and linear index, as the trees of its anon_vmas know it.
    pub(crate) const fn link(&self, pid: Pid) -> Link {
        Link { pgoff: self.pgoff, start: self.start, pid }
    }

    /// Whether `high` begins where this one ends, and its linear indices do, too.
    pub(crate) const fn goes_on_in(&self, high: &Self) -> bool {
        self.end == high.start && self.pgoff + (self.end - self.start) == high.pgoff
    }
}

/// What an operation needs to know of the VMA it works in, free of borrows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) pid: Pid,
    /// Index among the VMAs of the process; valid while no VMA comes or goes.
    pub(crate) index: usize,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) flags: VmaFlags,
}

impl Area {
    pub(crate) const fn has(&self, flag: VmaFlags) -> bool {
        self.flags.has(flag)
    }

    /// Whether any access is allowed (S21).
    pub(crate) const fn accessible(&self) -> bool {
        self.has(VmaFlags::READ) || self.has(VmaFlags::WRITE)
    }
}

/// Flags without those that merging ignores (L10).
pub(crate) const fn mergeable_flags(flags: VmaFlags) -> VmaFlags {
    flags.without(VmaFlags::SOFTDIRTY.with(VmaFlags::MAYBE_GUARD))
}

/// The flags of `given` that a merge must not lose.
pub(crate) const fn sticky_flags(given: VmaFlags) -> VmaFlags {
    VmaFlags(given.0 & VmaFlags::MAYBE_GUARD.0)
}

/// Whether two neighbours may become one as far as their anon_vmas go (L10).
fn anon_vmas_mergeable(low: &Vma, high: &Vma) -> bool {
    match (low.anon_vma, high.anon_vma) {
        (NO_ANON_VMA, NO_ANON_VMA) => true,
        (_, NO_ANON_VMA) => low.avcs.len() <= 1,
        (NO_ANON_VMA, _) => high.avcs.len() <= 1,
        (low, high) => low == high,
    }
}

/// Whether prev and next of a three-way merge fit each other.
pub(crate) const fn ends_mergeable(prev: &Vma, next: &Vma) -> bool {
    prev.anon_vma == NO_ANON_VMA || next.anon_vma == NO_ANON_VMA || prev.anon_vma == next.anon_vma
}

pub(crate) fn mergeable(low: &Vma, high: &Vma) -> bool {
    alike(low, high) && anon_vmas_mergeable(low, high)
}

/// The same where the low one grows in place: it takes in one without an anon_vma whatever its own
/// chain (L10).
pub(crate) fn grows_into(low: &Vma, high: &Vma) -> bool {
    let untouched = low.anon_vma != NO_ANON_VMA && high.anon_vma == NO_ANON_VMA;
    alike(low, high) && (untouched || anon_vmas_mergeable(low, high))
}

fn alike(low: &Vma, high: &Vma) -> bool {
    low.goes_on_in(high) && mergeable_flags(low.flags) == mergeable_flags(high.flags)
}

/// The access bits of a VMA's flags.
pub(crate) fn prot_flags(prot: Prot) -> VmaFlags {
    VmaFlags::NONE.with_if(VmaFlags::READ, prot.read).with_if(VmaFlags::WRITE, prot.write)
}

impl Model {
    /// The index of the first VMA that ends behind the page.
    pub(crate) fn vma_from(&self, pid: Pid, vpn: u32) -> usize {
        self.mms[pid.index()].vmas.partition_point(|vma| vma.end <= vpn)
    }

    /// The VMA at an index.
    pub(crate) fn area(&self, pid: Pid, index: usize) -> Option<Area> {
        let vma = self.mms[pid.index()].vmas.get(index)?;
        Some(Area { pid, index, start: vma.start, end: vma.end, flags: vma.flags })
    }

    /// The VMA that holds a page.
    pub(crate) fn area_at(&self, pid: Pid, vpn: u32) -> Option<Area> {
        self.area(pid, self.vma_from(pid, vpn)).filter(|area| area.start <= vpn)
    }

    /// The VMA itself.
    pub(crate) fn vma(&self, area: Area) -> &Vma {
        &self.mms[area.pid.index()].vmas[area.index]
    }

    pub(crate) fn vma_mut(&mut self, pid: Pid, index: usize) -> &mut Vma {
        &mut self.mms[pid.index()].vmas[index]
    }

    /// The operation `mmap`.
    pub(crate) fn mmap(
        &mut self,
        pid: Pid,
        range: PageRange,
        prot: Prot,
        droppable: bool,
    ) -> Outcome {
        if range.is_empty() {
            return Outcome::Err(Errno::EINVAL);
        }
        let Some((start, end)) = self.within_space(range) else {
            return Outcome::Err(Errno::ENOMEM);
        };
        let index = self.vma_from(pid, start);
        if self.area(pid, index).is_some_and(|area| area.start < end) {
            return Outcome::Err(Errno::EEXIST);
        }
        let flags = prot_flags(prot)
            .with(VmaFlags::SOFTDIRTY)
            .with_if(VmaFlags::ACCOUNT, prot.write && !droppable)
            .with_if(VmaFlags::DROPPABLE.with(VmaFlags::WIPEONFORK), droppable);
        let anon_vma = NO_ANON_VMA;
        let new = Vma { start, end, pgoff: start, flags, anon_vma, avcs: AvcList::new() };
        match self.insert_vma(pid, index, new) {
            Ok(()) => Outcome::Ok,
            Err(NoMemory) => Outcome::Err(Errno::ENOMEM),
        }
    }

    /// Puts a new VMA before the one at `index`, merged with its neighbours where they fit.
    fn insert_vma(&mut self, pid: Pid, index: usize, new: Vma) -> Result<(), NoMemory> {
        let vmas = &self.mms[pid.index()].vmas;
        let prev = index.checked_sub(1).map(|at| &vmas[at]).filter(|prev| mergeable(prev, &new));
        let next = vmas.get(index).filter(|next| mergeable(&new, next));
        let next = next.filter(|next| prev.is_none_or(|prev| ends_mergeable(prev, next)));
        match (prev.is_some(), next.is_some()) {
            (false, false) => {
                self.allocate(AllocKind::Vma, pid, new.start)?;
                self.mms[pid.index()].vmas.insert(index, new);
            }
            (true, false) => {
                let prev = self.vma_mut(pid, index - 1);
                prev.flags = prev.flags.with(VmaFlags::SOFTDIRTY);
                let start = prev.start;
                self.set_bounds(pid, index - 1, start, new.end);
            }
            (false, true) => {
                let next = self.vma_mut(pid, index);
                next.flags = next.flags.with(VmaFlags::SOFTDIRTY);
                let end = next.end;
                self.set_bounds(pid, index, new.start, end);
            }
            (true, true) => {
                self.adopt_anon_vmas(pid, index - 1, index)?;
                let next = self.remove_vma(pid, index);
                let prev = self.vma_mut(pid, index - 1);
                prev.flags = prev.flags.with(sticky_flags(next.flags)).with(VmaFlags::SOFTDIRTY);
                let start = prev.start;
                self.set_bounds(pid, index - 1, start, next.end);
            }
        }
        Ok(())
    }

    /// Gives a VMA other bounds; its pages keep their linear indices.
    pub(crate) fn set_bounds(&mut self, pid: Pid, index: usize, start: u32, end: u32) {
        self.let_walkers_finish(self.mms[pid.index()].vmas[index].anon_vma);
        let vma = self.vma_mut(pid, index);
        let old = vma.link(pid);
        vma.pgoff = vma.pgoff.wrapping_add(start).wrapping_sub(vma.start);
        (vma.start, vma.end) = (start, end);
        self.relink(pid, index, old);
    }

    /// A VMA without anon_vma that is about to swallow (part of) another gets that one's (L10).
    pub(crate) fn adopt_anon_vmas(
        &mut self,
        pid: Pid,
        to: usize,
        from: usize,
    ) -> Result<(), NoMemory> {
        let vmas = &self.mms[pid.index()].vmas;
        let place = vmas[to].start;
        let (number, chain) = (vmas[from].anon_vma, vmas[from].avcs.clone());
        self.adopt_chain(pid, to, (number, chain), place)
    }

    /// The same of a chain; allocations are for `place`.
    pub(crate) fn adopt_chain(
        &mut self,
        pid: Pid,
        to: usize,
        (number, chain): (AnonVmaNr, AvcList),
        place: u32,
    ) -> Result<(), NoMemory> {
        let target = &self.mms[pid.index()].vmas[to];
        if target.anon_vma != NO_ANON_VMA || number == NO_ANON_VMA {
            return Ok(());
        }
        let link = target.link(pid);
        let chain = self.clone_avcs(&chain, place, link).inspect_err(|NoMemory| {
            if fault!(self, AnonVmaStaleAfterUnlink) {
                self.mms[pid.index()].vmas[to].anon_vma = number;
            }
        })?;
        self.anon_vmas[number].num_active_vmas += 1;
        let to = self.vma_mut(pid, to);
        to.anon_vma = number;
        to.avcs = chain;
        Ok(())
    }

    /// I12: from now on there may be markers in this VMA.
    pub(crate) fn mark_maybe_guard(&mut self, area: Area) {
        let flags = &mut self.vma_mut(area.pid, area.index).flags;
        *flags = flags.with(VmaFlags::MAYBE_GUARD);
    }

    /// Takes a VMA out of the list and out of its anon_vmas.
    pub(crate) fn remove_vma(&mut self, pid: Pid, index: usize) -> Vma {
        self.let_walkers_finish(self.mms[pid.index()].vmas[index].anon_vma);
        let vma = self.mms[pid.index()].vmas.remove(index);
        self.unlink_anon_vmas(pid, &vma);
        vma
    }

    /// Takes several VMAs away, ascending.
    pub(crate) fn remove_vmas(&mut self, pid: Pid, range: std::ops::Range<usize>) {
        // Before the first goes: a walk searches the list, which is in no order until the last has gone.
        for index in range.clone() {
            self.let_walkers_finish(self.mms[pid.index()].vmas[index].anon_vma);
        }
        for index in range.clone() {
            let vma = std::mem::replace(self.vma_mut(pid, index), Vma::empty());
            self.unlink_anon_vmas(pid, &vma);
        }
        self.mms[pid.index()].vmas.drain(range);
    }

    /// Splits a VMA in two at a page inside it (L11).
    pub(crate) fn split_vma(&mut self, pid: Pid, index: usize, at: u32) -> Result<(), NoMemory> {
        let start = self.vma_mut(pid, index).start;
        self.allocate(AllocKind::Vma, pid, start)?;
        let vma = self.vma_mut(pid, index);
        let chain = vma.avcs.clone();
        let link = Link { pgoff: vma.linear_index(at), start: at, pid };
        let avcs = self.clone_avcs(&chain, start, link)?;
        self.split_leaf_across(pid, at);
        let low = self.vma_mut(pid, index);
        let high = Vma {
            start: at,
            end: low.end,
            pgoff: low.linear_index(at),
            flags: low.flags,
            anon_vma: low.anon_vma,
            avcs,
        };
        self.set_bounds(pid, index, start, at);
        if high.anon_vma != NO_ANON_VMA {
            self.anon_vmas[high.anon_vma].num_active_vmas += 1;
        }
        self.mms[pid.index()].vmas.insert(index + 1, high);
        Ok(())
    }

    /// Gives `[start, end)`, which lies in one VMA, new flags: merges with neighbours that have
    /// them, else splits (L10). Answers the VMA that then covers the range.
    pub(crate) fn modify_flags(
        &mut self,
        area: Area,
        start: u32,
        end: u32,
        flags: VmaFlags,
    ) -> Result<Area, NoMemory> {
        let Area { pid, index, .. } = area;
        let vmas = &self.mms[pid.index()].vmas;
        let middle = Vma {
            start,
            end,
            pgoff: vmas[index].linear_index(start),
            flags,
            ..vmas[index].clone()
        };
        let prev = index.checked_sub(1).map(|at| &vmas[at]);
        let prev = prev.filter(|prev| start == area.start && mergeable(prev, &middle));
        let next = vmas.get(index + 1).filter(|next| end == area.end && mergeable(&middle, next));
        let next = next.filter(|next| prev.is_none_or(|prev| ends_mergeable(prev, next)));
        let neighbours = prev.iter().chain(&next);
        let sticky = neighbours.fold(VmaFlags::NONE, |all, vma| all.with(sticky_flags(vma.flags)));
        let at = match (prev.is_some(), next.is_some()) {
            (true, true) => self.merge_three(pid, index)?,
            (true, false) => self.merge_left(pid, index, end)?,
            (false, true) => self.merge_right(pid, index, start)?,
            (false, false) => self.split_for_flags(area, start, end, flags)?,
        };
        // mseal and userfaultfd set their flags on what the merge left; everyone else resets the
        // flags, so that SOFTDIRTY becomes that of the VMA the call was for.
        let kept = VmaFlags::SEALED.with(VmaFlags::UFFD_MISSING).with(VmaFlags::UFFD_WP);
        let resets = (area.flags.0 ^ flags.0) & kept.0 == 0;
        let left = &mut self.vma_mut(pid, at).flags;
        if resets {
            *left = flags;
        }
        *left = left.with(sticky.with(sticky_flags(flags)));
        Ok(self.area(pid, at).expect("the VMA just modified is there"))
    }

    fn merge_three(&mut self, pid: Pid, index: usize) -> Result<usize, NoMemory> {
        let vmas = &self.mms[pid.index()].vmas;
        let from = if vmas[index + 1].anon_vma == NO_ANON_VMA { index } else { index + 1 };
        self.adopt_anon_vmas(pid, index - 1, from)?;
        let end = self.vma_mut(pid, index + 1).end;
        self.remove_vmas(pid, index..index + 2);
        let start = self.vma_mut(pid, index - 1).start;
        self.set_bounds(pid, index - 1, start, end);
        Ok(index - 1)
    }

    fn merge_left(&mut self, pid: Pid, index: usize, end: u32) -> Result<usize, NoMemory> {
        self.adopt_anon_vmas(pid, index - 1, index)?;
        if end == self.vma_mut(pid, index).end {
            self.remove_vma(pid, index);
        } else {
            self.split_leaf_across(pid, end);
            let behind = self.vma_mut(pid, index).end;
            self.set_bounds(pid, index, end, behind);
        }
        let first = self.vma_mut(pid, index - 1).start;
        self.set_bounds(pid, index - 1, first, end);
        Ok(index - 1)
    }

    fn merge_right(&mut self, pid: Pid, index: usize, start: u32) -> Result<usize, NoMemory> {
        self.adopt_anon_vmas(pid, index + 1, index)?;
        let mut at = index + 1;
        let first = self.vma_mut(pid, index).start;
        if start == first {
            self.remove_vma(pid, index);
            at = index;
        } else {
            self.split_leaf_across(pid, start);
            self.set_bounds(pid, index, first, start);
        }
        let end = self.vma_mut(pid, at).end;
        self.set_bounds(pid, at, start, end);
        Ok(at)
    }

    pub(crate) fn split_for_flags(
        &mut self,
        area: Area,
        start: u32,
        end: u32,
        flags: VmaFlags,
    ) -> Result<usize, NoMemory> {
        let Area { pid, mut index, .. } = area;
        if start > area.start {
            self.split_vma(pid, index, start)?;
            index += 1;
        }
        if end < area.end {
            self.split_vma(pid, index, end)?;
        }
        self.vma_mut(pid, index).flags = flags;
        Ok(index)
    }

    /// Changes flags of all VMAs in a range, ascending; a hole or a failed allocation ends it
    /// with `ENOMEM`, keeping what was done (mlock, munlock, mseal).
    pub(crate) fn change_flags(
        &mut self,
        pid: Pid,
        range: PageRange,
        new_flags: impl Fn(VmaFlags) -> VmaFlags,
    ) -> Result<(), Errno> {
        let mut at = u64::from(range.start.0);
        while at < range.end() {
            let start = u32::try_from(at).map_err(|_| Errno::ENOMEM)?;
            let area = self.area_at(pid, start).ok_or(Errno::ENOMEM)?;
            let end = range.end().min(u64::from(area.end)) as u32;
            let old = area.flags;
            let flags = new_flags(old);
            at = u64::from(end);
            if flags != area.flags {
                let area =
                    self.modify_flags(area, start, end, flags).map_err(|NoMemory| Errno::ENOMEM)?;
                at = u64::from(area.end);
                if (flags.0 ^ old.0) & VmaFlags::LOCKED.0 != 0 {
                    self.drain_lru();
                }
            }
        }
        Ok(())
    }

    /// The operation `munlock`, and the first half of `mlock` (Z2).
    pub(crate) fn set_locked(
        &mut self,
        pid: Pid,
        range: PageRange,
        locked: bool,
    ) -> Result<(), Errno> {
        self.change_flags(pid, range, |flags| match (flags.has(VmaFlags::DROPPABLE), locked) {
            (true, _) => flags,
            (false, true) => flags.with(VmaFlags::LOCKED),
            (false, false) => flags.without(VmaFlags::LOCKED),
        })
    }

    /// The operation `mseal`.
    pub(crate) fn mseal(&mut self, pid: Pid, range: PageRange) -> Outcome {
        if !range.is_empty() && !self.is_mapped(pid, range) {
            return Outcome::Err(Errno::ENOMEM);
        }
        match self.change_flags(pid, range, |flags| flags.with(VmaFlags::SEALED)) {
            Ok(()) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// Whether every page of the range lies in a VMA.
    fn is_mapped(&self, pid: Pid, range: PageRange) -> bool {
        let mut at = range.start.0;
        while u64::from(at) < range.end() {
            match self.area_at(pid, at) {
                Some(area) => at = area.end,
                None => return false,
            }
        }
        true
    }

    /// The range as page numbers, if it lies in the address space.
    pub(crate) fn within_space(&self, range: PageRange) -> Option<(u32, u32)> {
        (range.end() <= u64::from(self.geometry.space()))
            .then(|| (range.start.0, range.end() as u32))
    }

    /// The range as page numbers, cut at the end of the address space.
    pub(crate) fn clamped(&self, range: PageRange) -> (u32, u32) {
        let space = self.geometry.space();
        (range.start.0.min(space), range.end().min(u64::from(space)) as u32)
    }
}

impl Vma {
    /// A placeholder that maps nothing.
    fn empty() -> Self {
        Self {
            start: 0,
            end: 0,
            pgoff: 0,
            flags: VmaFlags::NONE,
            anon_vma: NO_ANON_VMA,
            avcs: AvcList::new(),
        }
    }
}
