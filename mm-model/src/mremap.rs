//! mremap (rulebook area J): what may be asked for, in the order of the kernel's checks (J1 to J3, J16),
//! resizing in place, and the VMAs of a move (J5, J11 to J14). The page tables are moved in
//! `move_tables`; a move that relocates (JR1) is made in `relocate`.
//!
//! There is no limit to the number of VMAs, to locked memory or to the address space but its end, so
//! that the tests for those are not here.

use crate::alloc::NoMemory;
use crate::gup::Populate;
use crate::model::Model;
use crate::move_tables::{Move, RmapLocks};
use crate::uffd::WATCHED;
use crate::vma::{Area, Vma, ends_mergeable, grows_into, mergeable, mergeable_flags, sticky_flags};
use mm_ops::{
    AllocKind, Choice, Errno, MremapFlags, NO_ANON_VMA, Outcome, PageRange, Pid, VmaFlags, Vpn,
};

/// One call, or the part of one that is about one VMA (J2). Lengths may exceed the address space
/// only while nothing was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remap {
    pub(crate) pid: Pid,
    pub(crate) addr: u32,
    pub(crate) old_len: u32,
    /// The address asked for.
    pub(crate) to: u32,
    pub(crate) new_len: u32,
    pub(crate) flags: MremapFlags,
}

impl Remap {
    /// A new address is certain: it is named, or chosen at once.
    const fn names_place(&self) -> bool {
        self.flags.fixed || self.flags.dontunmap
    }

    const fn grows(&self) -> bool {
        self.new_len > self.old_len
    }

    const fn shrinks(&self) -> bool {
        self.new_len < self.old_len
    }
}

impl Model {
    /// The operation `mremap`.
    pub(crate) fn mremap(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: PageRange,
        flags: MremapFlags,
    ) -> Outcome {
        match self.remap(pid, range, to, flags) {
            Ok(place) => Outcome::At(Vpn(place)),
            Err(errno) => Outcome::Err(errno),
        }
    }

    fn remap(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: PageRange,
        flags: MremapFlags,
    ) -> Result<u32, Errno> {
        self.check_remap(range, to, flags)?;
        let call = Remap {
            pid,
            addr: range.start.0,
            old_len: range.len,
            to: to.start.0,
            new_len: to.len,
            flags,
        };
        if flags.fixed && call.old_len == call.new_len {
            return self.remap_each(call);
        }
        let area = self.check_source(&call)?;
        let place = if call.names_place() {
            self.remap_to(call)?
        } else if call.grows() {
            self.grow(call, area)?
        } else {
            if call.shrinks() {
                self.unmap_tail(&call)?;
            }
            call.addr
        };
        if call.grows() && area.has(VmaFlags::LOCKED) {
            // J3: whatever fails here is forgotten.
            let (start, end) = (place + call.old_len, place + call.new_len);
            let _ = self.populate(pid, start, end, Populate::Mlock);
        }
        Ok(place)
    }

    /// J1 and JR1, what is about the arguments alone. All of it is EINVAL, whichever comes first.
    fn check_remap(
        &self,
        range: PageRange,
        to: PageRange,
        flags: MremapFlags,
    ) -> Result<(), Errno> {
        let space = self.geometry.space();
        let mut legal = !to.is_empty() && to.len <= space;
        legal &= !flags.relocates() || flags.maymove && !flags.dontunmap;
        if flags.fixed || flags.dontunmap {
            let overlap =
                range.end() > u64::from(to.start.0) && to.end() > u64::from(range.start.0);
            legal &= to.end() <= u64::from(space) && flags.maymove && !overlap;
            legal &= !flags.dontunmap || range.len == to.len;
        }
        if legal { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// J1, what is about the VMA.
    fn check_source(&self, call: &Remap) -> Result<Area, Errno> {
        let area = self.area_at(call.pid, call.addr).ok_or(Errno::EFAULT)?;
        if area.has(VmaFlags::SEALED) {
            return Err(Errno::EPERM);
        }
        if !call.grows() && !call.names_place() {
            return Ok(area);
        }
        if call.old_len == 0 {
            return Err(Errno::EINVAL);
        }
        if call.old_len.min(call.new_len) > area.end - call.addr {
            return Err(Errno::EFAULT);
        }
        // Linear indices must not wrap, wherever the VMA grows or merges later.
        let index = self.vma(area).linear_index(call.addr);
        let wraps =
            index.checked_add(call.new_len).and_then(|end| end.checked_add(self.geometry.space()));
        if call.grows() && wraps.is_none() { Err(Errno::EINVAL) } else { Ok(area) }
    }

    /// J2: the VMAs of a range move one by one, each to where it keeps its distance to the first.
    fn remap_each(&mut self, call: Remap) -> Result<u32, Errno> {
        let end = u64::from(call.addr) + u64::from(call.old_len);
        let mut at = call.addr;
        let mut seen = false;
        loop {
            let area = self.area(call.pid, self.vma_from(call.pid, at));
            let inside = |area: &Area| u64::from(area.start.max(at)) < end;
            let Some(area) = area.filter(inside) else {
                return if seen { Ok(call.to) } else { Err(Errno::EFAULT) };
            };
            if !seen && area.start > call.addr {
                return Err(Errno::EFAULT);
            }
            let watched = area.flags.0 & WATCHED.0 != 0;
            if watched && (seen || u64::from(area.end) < end) {
                return Err(Errno::EFAULT);
            }
            let addr = area.start.max(at);
            let len = end.min(u64::from(area.end)) as u32 - addr;
            let to = call.to + (addr - call.addr);
            let part = Remap { addr, old_len: len, to, new_len: len, ..call };
            self.check_source(&part)?;
            self.remap_to(part)?;
            seen = true;
            at = area.end;
        }
    }

    /// J16: what lies at the destination goes, the tail of the source goes, then the rest moves.
    fn remap_to(&mut self, mut call: Remap) -> Result<u32, Errno> {
        if call.flags.fixed {
            self.unmap_range(call.pid, PageRange::new(call.to, call.new_len))?;
        }
        if call.shrinks() {
            self.unmap_tail(&call)?;
            call.old_len = call.new_len;
        }
        if !call.flags.fixed {
            call.to = self.choose_place(&call, Some(call.to))?;
        }
        self.move_vma(call)
    }

    fn unmap_tail(&mut self, call: &Remap) -> Result<(), Errno> {
        let tail = PageRange::new(call.addr + call.new_len, call.old_len - call.new_len);
        self.unmap_range(call.pid, tail)
    }

    /// J3: in place if the range behind the VMA is free, else elsewhere.
    fn grow(&mut self, call: Remap, area: Area) -> Result<u32, Errno> {
        let end = call.addr + call.new_len;
        let ceiling = self.area(call.pid, area.index + 1).map(|next| next.start);
        let ceiling = ceiling.unwrap_or(self.geometry.space());
        if area.end - call.addr == call.old_len && end <= ceiling {
            self.extend_vma(area, end)?;
            return Ok(call.addr);
        }
        if !call.flags.maymove {
            return Err(Errno::ENOMEM);
        }
        let to = self.choose_place(&call, None)?;
        self.move_vma(Remap { to, ..call })
    }

    /// Where memory goes that may go anywhere: to the hint if that is free, else to the lowest free
    /// range.
    fn choose_place(&mut self, call: &Remap, hint: Option<u32>) -> Result<u32, Errno> {
        let is_free = |at: u32| {
            let next = self.area(call.pid, self.vma_from(call.pid, at));
            next.is_none_or(|next| next.start >= at + call.new_len)
        };
        let place = hint.filter(|hint| is_free(*hint));
        let place = place.or_else(|| self.lowest_gap(call.pid, call.new_len));
        let place = place.ok_or(Errno::ENOMEM)?;
        self.choices.push(Choice::Placed(Vpn(place)));
        Ok(place)
    }

    /// The lowest free range of this length.
    fn lowest_gap(&self, pid: Pid, len: u32) -> Option<u32> {
        let mut floor = 0;
        for vma in &self.mms[pid.index()].vmas {
            if vma.start - floor >= len {
                return Some(floor);
            }
            floor = vma.end;
        }
        (self.geometry.space() - floor >= len).then_some(floor)
    }

    /// The VMA gets a free range behind it, and the next VMA too if that fits then (L10).
    fn extend_vma(&mut self, area: Area, end: u32) -> Result<(), NoMemory> {
        let Area { pid, index, .. } = area;
        let vma = self.vma(area);
        let grown = Vma { end, ..vma.clone() };
        let next = self.mms[pid.index()].vmas.get(index + 1);
        let mut end = end;
        if next.is_some_and(|next| grows_into(&grown, next)) {
            self.adopt_anon_vmas(pid, index, index + 1)?;
            let next = self.remove_vma(pid, index + 1);
            let vma = self.vma_mut(pid, index);
            vma.flags = vma.flags.with(sticky_flags(next.flags));
            end = next.end;
        }
        self.set_bounds(pid, index, area.start, end);
        Ok(())
    }

    /// move_vma: KSM pages are broken (J4), the pages go to a copy of the VMA or are relocated, and
    /// the source goes or stays empty (J12). The destination is free.
    fn move_vma(&mut self, call: Remap) -> Result<u32, Errno> {
        let Remap { pid, addr, old_len, to, .. } = call;
        let area = self.area_at(pid, addr).ok_or(Errno::EFAULT)?;
        let merged = area.has(VmaFlags::MERGEABLE) && self.vma(area).anon_vma != NO_ANON_VMA;
        if merged && !fault!(self, MoveKeepsKsm) {
            self.unmerge(area, addr, addr + old_len)?;
        }
        let relocated = call.flags.relocates() && self.relocate(area, &call)?;
        if !relocated {
            self.move_to_copy(area, &call)?;
        }
        self.stop_watching(pid, to);
        self.note_moved_ksm(addr, to, old_len);
        if relocated {
            self.merge_relocated(pid, to);
        }
        let (Some(old), Some(new)) = (self.area_at(pid, addr), self.area_at(pid, to)) else {
            return Err(Errno::EFAULT);
        };
        if call.flags.dontunmap {
            self.leave_empty(old, new, &call);
        } else {
            self.unmap_source(old, addr, addr + old_len);
        }
        Ok(to)
    }

    /// J14: nobody watches what was moved, nor what it merged with before it was.
    fn stop_watching(&mut self, pid: Pid, to: u32) {
        let new = self.area_at(pid, to).filter(|new| new.flags.0 & WATCHED.0 != 0);
        if let Some(new) = new.filter(|_| !self.config.uffd_remap) {
            let vma = self.vma_mut(pid, new.index);
            vma.flags = vma.flags.without(WATCHED);
        }
    }

    /// The VMA is copied (J5) and the page tables move, all or none of them (J11).
    fn move_to_copy(&mut self, area: Area, call: &Remap) -> Result<(), Errno> {
        let Remap { pid, addr, old_len, to, new_len, .. } = *call;
        let merged = self.copy_vma(area, call)?;
        let (Some(old), Some(new)) = (self.area_at(pid, addr), self.area_at(pid, to)) else {
            return Err(Errno::EFAULT);
        };
        if self.is_anonmm() {
            return self.move_noted_pages(old, new, call);
        }
        // J10: a walk may come to the destination before it comes to the source.
        let overtaken = merged && self.vma(new).pgoff <= self.vma(old).pgoff;
        let locks = if overtaken { RmapLocks::Always } else { RmapLocks::Tables };
        let way = Move::new(old, new, (addr, to, old_len), self.config.uffd_remap).locking(locks);
        let moved = self.move_page_tables(&way);
        if moved == old_len {
            return Ok(());
        }
        if !fault!(self, MremapErrorNoMoveback) {
            self.move_page_tables(&way.back(moved));
        }
        let undone = self.unmap_range(pid, PageRange::new(to, new_len));
        debug_assert!(self.is_faulty() || undone.is_ok(), "only one allocation fails");
        Err(Errno::ENOMEM)
    }

    /// What the moved part of a VMA is at its new place, if it merges with nothing (J5). Linear
    /// indices of moved pages are kept; a VMA without anon_vma has none to keep.
    pub(crate) fn copy_of(&self, area: Area, call: &Remap) -> Vma {
        let source = self.vma(area).clone();
        let faulted = source.anon_vma != NO_ANON_VMA;
        let pgoff = if faulted { source.linear_index(call.addr) } else { call.to };
        Vma { start: call.to, end: call.to + call.new_len, pgoff, ..source }
    }

    /// The VMA at the new place (J5): a neighbour there grows if it fits (L10), else a new one has
    /// the anon_vmas of the old one. Answers whether it merged.
    fn copy_vma(&mut self, area: Area, call: &Remap) -> Result<bool, NoMemory> {
        let Remap { pid, to, .. } = *call;
        let new = self.copy_of(area, call);
        let index = self.vma_from(pid, to);
        let sides = self.merge_sides(pid, (index, index), &new);
        if sides == (false, false) {
            self.link_copy(index, new, pid)?;
            return Ok(false);
        }
        self.merge_new(pid, index, &new, sides)?;
        Ok(true)
    }

    /// Whether a VMA fits the one before index `.0`, and the one at index `.1` (L10).
    pub(crate) fn merge_sides(
        &self,
        pid: Pid,
        (behind, next): (usize, usize),
        new: &Vma,
    ) -> (bool, bool) {
        let vmas = &self.mms[pid.index()].vmas;
        let fits = |low: &Vma, high: &Vma| {
            mergeable(low, high)
                || fault!(self, MoveMergesForeignAnonVma)
                    && low.goes_on_in(high)
                    && mergeable_flags(low.flags) == mergeable_flags(high.flags)
                    && low.anon_vma != NO_ANON_VMA
                    && high.anon_vma != NO_ANON_VMA
        };
        let prev = behind.checked_sub(1).map(|at| &vmas[at]).filter(|prev| fits(prev, new));
        let next = vmas.get(next).filter(|next| fits(new, next));
        let next = next.filter(|next| prev.is_none_or(|prev| ends_mergeable(prev, next)));
        (prev.is_some(), next.is_some())
    }

    /// Merges a VMA that is in no list, and belongs before the one at `index`, with its neighbours.
    fn merge_new(
        &mut self,
        pid: Pid,
        index: usize,
        new: &Vma,
        (left, right): (bool, bool),
    ) -> Result<(), NoMemory> {
        let to = new.start;
        let target = if left { index - 1 } else { index };
        if left && right {
            let next = &self.mms[pid.index()].vmas[index];
            let given = (next.anon_vma, next.avcs.clone());
            self.adopt_chain(pid, target, given, to)?;
        }
        if !fault!(self, UnfaultedMergeNotCloned) {
            self.adopt_chain(pid, target, (new.anon_vma, new.avcs.clone()), to)?;
        }
        let mut sticky = sticky_flags(new.flags);
        let mut end = new.end;
        if left && right {
            let next = self.remove_vma(pid, index);
            sticky = sticky.with(sticky_flags(next.flags));
            end = next.end;
        }
        let vma = self.vma_mut(pid, target);
        vma.flags = vma.flags.with(sticky);
        let (start, end) = if left { (vma.start, end) } else { (to, vma.end) };
        self.set_bounds(pid, target, start, end);
        Ok(())
    }

    /// JR12, step 6: the VMA of relocated pages merges after the fact; where memory lacks for that it
    /// stays what it is.
    fn merge_relocated(&mut self, pid: Pid, to: u32) {
        let index = self.vma_from(pid, to);
        let new = self.mms[pid.index()].vmas[index].clone();
        let sides = self.merge_sides(pid, (index, index + 1), &new);
        if sides == (false, false) {
            return;
        }
        self.let_walkers_finish(new.anon_vma);
        self.mms[pid.index()].vmas.remove(index);
        if self.merge_new(pid, index, &new, sides).is_ok() {
            self.unlink_anon_vmas(pid, &new);
        } else {
            self.mms[pid.index()].vmas.insert(index, new);
        }
    }

    /// A copy that merged with nothing.
    fn link_copy(&mut self, index: usize, mut new: Vma, pid: Pid) -> Result<(), NoMemory> {
        self.allocate(AllocKind::Vma, pid, new.start)?;
        new.avcs = self.clone_avcs(&new.avcs, new.start, new.link(pid))?;
        if new.anon_vma != NO_ANON_VMA {
            self.anon_vmas[new.anon_vma].num_active_vmas += 1;
        }
        self.mms[pid.index()].vmas.insert(index, new);
        Ok(())
    }

    /// J12, J13 for MREMAP_DONTUNMAP.
    fn leave_empty(&mut self, old: Area, new: Area, call: &Remap) {
        let unaccounted = fault!(self, DontunmapAccounting);
        let vma = self.vma_mut(old.pid, old.index);
        let lost = VmaFlags::LOCKED.with_if(VmaFlags::ACCOUNT, unaccounted);
        vma.flags = vma.flags.without(lost);
        let whole = (old.start, old.end) == (call.addr, call.addr + call.old_len);
        if old.index == new.index || !whole || fault!(self, DontunmapKeepsAnonVma) {
            return;
        }
        self.let_walkers_finish(self.vma(old).anon_vma);
        let vma = self.vma_mut(old.pid, old.index);
        let left = vma.clone();
        vma.anon_vma = NO_ANON_VMA;
        vma.avcs.clear();
        self.unlink_anon_vmas(old.pid, &left);
    }

    /// The end of a move: the source, empty now, is unmapped. Where memory lacks for the splits it
    /// stays, and is no longer accounted for.
    fn unmap_source(&mut self, old: Area, start: u32, end: u32) {
        if self.unmap_empty(old.pid, start, end).is_ok() {
            return;
        }
        for vma in &mut self.mms[old.pid.index()].vmas {
            if vma.start >= old.start && vma.end <= old.end {
                vma.flags = vma.flags.without(VmaFlags::ACCOUNT);
            }
        }
    }
}
