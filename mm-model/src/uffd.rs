//! userfaultfd (rulebook H6, H7, Z3, Q7): what is watched, write protection, and filling empty places.
//! Faults that would be delivered end in SIGBUS where they happen, in `fault`, `cow` and `thp`.

use crate::alloc::NoMemory;
use crate::entry::Entry;
use crate::model::{Model, answer};
use crate::table::Slot;
use crate::vma::Area;
use crate::walk::Block;
use mm_ops::{
    Errno, EventKind, Outcome, PageRange, Pid, UffdCall, UffdFill, UffdWpMode, Value, VmaFlags, Vpn,
};

/// What a change of protection does with write protection by userfaultfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UffdWp {
    /// Nothing: mprotect.
    Keep,
    Set,
    Resolve,
}

impl UffdWp {
    /// Bits that every entry gets.
    pub(crate) const fn set(self) -> u64 {
        if matches!(self, Self::Set) { Entry::UFFD_WP } else { 0 }
    }

    /// Bits that every entry loses.
    pub(crate) const fn cleared(self) -> u64 {
        if matches!(self, Self::Resolve) { Entry::UFFD_WP } else { 0 }
    }

    /// The entry with it.
    pub(crate) const fn on(self, entry: Entry) -> Entry {
        entry.without(self.cleared()).with(self.set())
    }
}

/// Both flags.
pub(crate) const WATCHED: VmaFlags = VmaFlags::UFFD_MISSING.with(VmaFlags::UFFD_WP);

impl Model {
    /// Whether writes to the entry are userfaultfd's (B1, H3).
    pub(crate) const fn uffd_wp(area: Area, entry: Entry) -> bool {
        entry.has(Entry::UFFD_WP) && area.has(VmaFlags::UFFD_WP)
    }

    /// Whether empty places are protected by markers (H7).
    pub(crate) fn protects_unpopulated(&self) -> bool {
        self.config.uffd != UffdWpMode::Sync
    }

    /// The operations `uffd_register`, `uffd_unregister` and `uffd_wp`.
    pub(crate) fn uffd_call(&mut self, pid: Pid, range: PageRange, call: UffdCall) -> Outcome {
        let Some((start, end)) = self.within_space(range).filter(|_| !range.is_empty()) else {
            return Outcome::Err(Errno::EINVAL);
        };
        answer(match call {
            UffdCall::Register { missing, wp } => {
                let watched = VmaFlags::NONE
                    .with_if(VmaFlags::UFFD_MISSING, missing)
                    .with_if(VmaFlags::UFFD_WP, wp);
                self.uffd_register(pid, start, end, watched)
            }
            UffdCall::Unregister => self.uffd_unregister(pid, start, end),
            UffdCall::Protect(on) => self.uffd_protect(pid, start, end, on),
        })
    }

    /// Whether the range may be watched: there is a VMA in it, and none that drops its pages.
    fn check_watchable(&self, pid: Pid, start: u32, end: u32) -> Result<(), Errno> {
        let first = self.next_area(pid, start, end).ok_or(Errno::EINVAL)?;
        let vmas = self.mms[pid.index()].vmas[first.index..].iter();
        let mut vmas = vmas.take_while(|vma| vma.start < end);
        let droppable = vmas.any(|vma| vma.flags.has(VmaFlags::DROPPABLE));
        if droppable { Err(Errno::EINVAL) } else { Ok(()) }
    }

    /// The next VMA that overlaps `[at, end)`.
    fn next_area(&self, pid: Pid, at: u32, end: u32) -> Option<Area> {
        self.area(pid, self.vma_from(pid, at)).filter(|area| area.start < end)
    }

    fn uffd_register(
        &mut self,
        pid: Pid,
        start: u32,
        end: u32,
        watched: VmaFlags,
    ) -> Result<(), Errno> {
        if watched == VmaFlags::NONE {
            return Err(Errno::EINVAL);
        }
        self.check_watchable(pid, start, end)?;
        let mut at = start;
        while let Some(mut area) = self.next_area(pid, at, end) {
            let flags = area.flags.without(WATCHED).with(watched);
            // What is watched for all of this already stays as it is.
            if !area.has(watched) {
                let (from, to) = (at.max(area.start), end.min(area.end));
                area = self.modify_flags(area, from, to, flags)?;
            }
            at = area.end;
        }
        Ok(())
    }

    fn uffd_unregister(&mut self, pid: Pid, start: u32, end: u32) -> Result<(), Errno> {
        self.check_watchable(pid, start, end)?;
        let mut at = start;
        while let Some(mut area) = self.next_area(pid, at, end) {
            if area.flags.0 & WATCHED.0 != 0 {
                area = self.unwatch(area, at.max(area.start), end.min(area.end))?;
            }
            at = area.end;
        }
        Ok(())
    }

    /// Ends the watch over a part of a VMA: write protection is resolved first (H7).
    fn unwatch(&mut self, area: Area, start: u32, end: u32) -> Result<Area, NoMemory> {
        if area.has(VmaFlags::UFFD_WP) {
            self.change_protection(area, start, end, UffdWp::Resolve);
        }
        let flags = area.flags.without(WATCHED);
        let modified = self.modify_flags(area, start, end, flags);
        if modified.is_err() && (start, end) == (area.start, area.end) {
            // Memory lacked for a merge; without one nothing is needed.
            self.split_for_flags(area, start, end, flags)?;
            return Ok(Area { flags, ..area });
        }
        modified
    }

    /// UFFDIO_WRITEPROTECT (H7): VMA by VMA, up to the first one that is not watched for it.
    fn uffd_protect(&mut self, pid: Pid, start: u32, end: u32, on: bool) -> Result<(), Errno> {
        let mut at = start;
        let mut result = Err(Errno::ENOENT);
        while at < end
            && let Some(area) = self.next_area(pid, at, end)
        {
            if !area.has(VmaFlags::UFFD_WP) {
                return Err(Errno::ENOENT);
            }
            let (from, behind) = (at.max(area.start), end.min(area.end));
            match (on, self.protects_unpopulated()) {
                (false, _) => self.change_protection(area, from, behind, UffdWp::Resolve),
                (true, false) => self.change_protection(area, from, behind, UffdWp::Set),
                (true, true) => self.protect_all(area, from, behind)?,
            }
            (at, result) = (behind, Ok(()));
        }
        result
    }

    /// Protects a range including what is empty (H7): tables are made for the markers.
    fn protect_all(&mut self, area: Area, start: u32, end: u32) -> Result<(), NoMemory> {
        self.notify(EventKind::ProtectionVma, area.pid, start, end);
        let mut at = start;
        while at < end {
            let behind = self.geometry.block_end(at).min(end);
            let slot = self.pmd_slot_alloc(area.pid, at)?;
            if self.tables.get(slot).is_none() {
                self.pte_slot_alloc(area.pid, slot, at)?;
            }
            self.change_block(area, Block { slot, start: at, end: behind }, UffdWp::Set);
            at = behind;
        }
        self.flush_changed(area.pid, start, end, UffdWp::Set);
        Ok(())
    }

    /// The operations `uffd_copy`, `uffd_zero` and `uffd_poison` (Z3, Q7).
    pub(crate) fn uffd_fill(&mut self, pid: Pid, vpn: Vpn, fill: UffdFill) -> Outcome {
        if vpn.0 >= self.geometry.space() {
            return Outcome::Err(Errno::EINVAL);
        }
        let Some(area) = self.area_at(pid, vpn.0) else {
            return Outcome::Err(Errno::ENOENT);
        };
        answer(self.fill_place(area, vpn.0, fill))
    }

    /// The VMA gets an anon_vma before it is known to be watched, and a copy its folio before the
    /// place is known to be free.
    fn fill_place(&mut self, area: Area, vpn: u32, fill: UffdFill) -> Result<(), Errno> {
        self.prepare_anon_vma(area.pid, area.index)?;
        if area.flags.0 & WATCHED.0 == 0 {
            return Err(Errno::ENOENT);
        }
        let protects = matches!(fill, UffdFill::Copy { wp: true, .. });
        if protects && !area.has(VmaFlags::UFFD_WP) {
            return Err(Errno::EINVAL);
        }
        let pmd = self.pmd_slot_alloc(area.pid, vpn)?;
        if self.tables.get(pmd).is_migration() && fault!(self, UffdCopyOverHugeMigration) {
            self.tables.set(pmd, Entry::NONE);
        }
        if self.tables.get(pmd).is_huge() {
            return Err(Errno::EEXIST);
        }
        let slot = self.pte_slot_alloc(area.pid, pmd, vpn)?;
        let entry = self.tables.get(slot);
        match fill {
            UffdFill::Copy { value, wp } => {
                self.allocate_folio(0, area.pid, vpn)?;
                if !entry.is_none() && !entry.is_marker() {
                    return Err(Errno::EEXIST);
                }
                self.fill_with_copy(area, slot, vpn, value, wp);
            }
            _ if !entry.is_none() && !fault!(self, UffdInstallOverwrites) => {
                return Err(Errno::EEXIST);
            }
            UffdFill::Zero => self.tables.set(slot, Entry::zero_page(Self::protection(area))),
            UffdFill::Poison => self.tables.set(slot, Entry::POISON_MARKER),
        }
        Ok(())
    }

    /// Maps a fresh page with this content, dirty; write protection takes its write bit (Z3).
    fn fill_with_copy(&mut self, area: Area, slot: Slot, vpn: u32, value: Value, wp: bool) {
        let id = self.folios.create(0);
        let head = self.folios[id].head as usize;
        self.folios.value[head] = if value.is_zero() { Value::ZERO } else { value };
        let write = if wp { Entry::UFFD_WP } else { Self::write_bit(area) };
        self.map_fresh(area, slot, vpn, id, Self::protection(area) | self.dirty_bits() | write);
    }
}
