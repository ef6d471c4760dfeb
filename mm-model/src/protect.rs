//! Protection changes (rulebook area H): mprotect, the NUMA scanner, and clearing soft-dirty bits.
//! Runs of a large folio are changed in one go, in sub-runs of equal PAE where that decides (H9).

use crate::entry::Entry;
use crate::gup::Populate;
use crate::model::{Model, answer};
use crate::race::Point;
use crate::table::Slot;
use crate::uffd::UffdWp;
use crate::vma::{Area, prot_flags};
use crate::walk::Block;
use mm_ops::{
    AccessBits, Choice, Errno, EventKind, FolioFlags, Outcome, PageRange, Pid, Prot, VmaFlags, Vpn,
};

/// Bits that may differ within a run of mprotect (H9).
const RUN_IGNORES: u64 = Entry::YOUNG | Entry::DIRTY;

/// What a change of protection does to the PTEs of a VMA, whichever page they map.
#[derive(Clone, Copy)]
struct Change {
    pid: Pid,
    wp: UffdWp,
    /// Bits that go, and bits that come.
    clear: u64,
    set: u64,
    /// The VMA has WRITE.
    writable: bool,
    /// Bits that a writable entry must have (S21), and must not have then (H3).
    required: u64,
    forbidden: u64,
}

impl Change {
    /// H3 but for the page itself.
    const fn allows_write(&self, entry: Entry) -> bool {
        let now = entry.without(self.clear).with(self.set);
        self.writable && now.has(self.required) && now.0 & self.forbidden == 0
    }
}

impl Model {
    fn change_in(&self, area: Area, wp: UffdWp) -> Change {
        let tracked = self.soft_dirty_wp(area, Entry::NONE);
        Change {
            pid: area.pid,
            wp,
            clear: Entry::WRITE | Entry::PROTNONE | wp.cleared(),
            set: Self::protection(area) & Entry::PROTNONE | wp.set(),
            writable: area.has(VmaFlags::WRITE),
            required: if tracked { Entry::SOFT_DIRTY } else { 0 },
            forbidden: if area.has(VmaFlags::UFFD_WP) { Entry::UFFD_WP } else { 0 },
        }
    }

    /// The operation `mprotect` (H1, H12): VMA by VMA, ascending, until the first error.
    pub(crate) fn mprotect(&mut self, pid: Pid, range: PageRange, prot: Prot) -> Outcome {
        let mut at = u64::from(range.start.0);
        while at < range.end() {
            let area = u32::try_from(at).ok().and_then(|at| self.area_at(pid, at));
            let Some(area) = area else {
                return Outcome::Err(Errno::ENOMEM);
            };
            let end = range.end().min(u64::from(area.end)) as u32;
            match self.mprotect_vma(area, at as u32, end, prot) {
                Ok(end) => at = u64::from(end),
                Err(errno) => return Outcome::Err(errno),
            }
        }
        Outcome::Ok
    }

    /// mprotect within one VMA. Answers the end of the VMA (merged, perhaps) that is done.
    fn mprotect_vma(&mut self, area: Area, start: u32, end: u32, prot: Prot) -> Result<u32, Errno> {
        if area.has(VmaFlags::SEALED) {
            return Err(Errno::EPERM);
        }
        let access = VmaFlags::READ.with(VmaFlags::WRITE);
        let mut flags = area.flags.without(access).with(prot_flags(prot));
        if flags == area.flags {
            return Ok(end);
        }
        if prot.write {
            let counted = [VmaFlags::WRITE, VmaFlags::ACCOUNT, VmaFlags::DROPPABLE];
            let uncounted = counted.iter().all(|flag| !area.has(*flag));
            flags = flags.with_if(VmaFlags::ACCOUNT, uncounted);
        } else if self.vma(area).anon_vma == mm_ops::NO_ANON_VMA {
            flags = flags.without(VmaFlags::ACCOUNT);
        }
        let now = self.modify_flags(area, start, end, flags)?;
        self.change_protection(now, start, end, UffdWp::Keep);
        let becomes_writable = !area.has(VmaFlags::WRITE) && prot.write;
        if area.has(VmaFlags::LOCKED) && becomes_writable {
            // H12: copies are made at once; whatever fails here is forgotten.
            let _ = self.populate(area.pid, start, end, Populate::Mlock);
        }
        Ok(now.end)
    }

    /// Gives the entries of a range the protection of their VMA (H2, H7, H8).
    pub(crate) fn change_protection(&mut self, area: Area, start: u32, end: u32, wp: UffdWp) {
        self.notify(EventKind::ProtectionVma, area.pid, start, end);
        let mut at = start;
        while let Some(block) = self.next_block(area.pid, at, end) {
            at = block.end;
            self.change_block(area, block, wp);
        }
        self.flush_changed(area.pid, start, end, wp);
    }

    /// R17: no CPU goes on with the old rights when the operation is over.
    pub(crate) fn flush_changed(&mut self, pid: Pid, start: u32, end: u32, wp: UffdWp) {
        self.yield_point(Point::ProtectChanged);
        let forgotten = wp == UffdWp::Set && fault!(self, UffdwpStaleTlbCow);
        if !forgotten && !fault!(self, ProtectNoFlush) {
            self.flush_tlb(pid, start, end);
        }
    }

    /// The same for what a range covers of one PMD block that is not NONE.
    pub(crate) fn change_block(&mut self, area: Area, block: Block, wp: UffdWp) {
        let entry = self.tables.get(block.slot);
        if entry.is_huge() && self.is_whole(block) {
            let changed = if entry.is_present() {
                self.reprotected_leaf(area, wp.on(entry))
            } else {
                self.reprotected_nonpresent(entry, wp)
            };
            self.tables.set(block.slot, changed);
            return;
        }
        if entry.is_huge() {
            self.split_leaf(area, block.slot);
        }
        self.change_ptes(area, block, wp);
    }

    /// H8: a whole PMD leaf in place; W comes back if the head page is exclusive.
    fn reprotected_leaf(&self, area: Area, entry: Entry) -> Entry {
        let entry = Self::reprotected(area, entry);
        if self.can_be_writable(area, entry) { entry.with(Entry::WRITE) } else { entry }
    }

    /// An entry with the VMA's protection, read-only; young, dirty and soft-dirty stay (H2).
    fn reprotected(area: Area, entry: Entry) -> Entry {
        let protnone = Self::protection(area) & Entry::PROTNONE;
        entry.without(Entry::WRITE | Entry::PROTNONE).with(protnone)
    }

    fn change_ptes(&mut self, area: Area, block: Block, wp: UffdWp) {
        let change = self.change_in(area, wp);
        let first = self.pte_slot_in(block.slot, block.start);
        let mut room = block.end - block.start;
        if fault!(self, BatchOverrunsVma) {
            room = self.geometry.block_end(block.start) - block.start;
        }
        let mut at = 0;
        while at < block.end - block.start {
            let slot = first + at as usize;
            let entry = self.tables.get(slot);
            let mut len = 1;
            if entry.has_folio() {
                len = self.run_at(slot, room - at, RUN_IGNORES);
                self.change_run(&change, slot, block.start + at, len);
            } else if entry.is_present() {
                self.tables.set(slot, Self::reprotected(area, wp.on(entry)));
            } else if !entry.is_none() {
                self.tables.set(slot, self.reprotected_nonpresent(entry, wp));
            } else if wp == UffdWp::Set && self.protects_unpopulated() {
                self.tables.set(slot, Entry::UFFD_MARKER);
            }
            at += len;
        }
    }

    /// H9: changes a run of one folio. Only mprotect merges access bits.
    fn change_run(&mut self, change: &Change, slot: Slot, vpn: u32, len: u32) {
        let Change { pid, wp, .. } = *change;
        if self.config.access_bits == AccessBits::Exact || len == 1 || wp != UffdWp::Keep {
            self.change_like_run(change, slot, len);
            return;
        }
        self.merge_access_bits(pid, slot, vpn, len);
        if !self.config.soft_dirty {
            self.change_like_run(change, slot, len);
            return;
        }
        // Entries that gained the dirty bit gained the soft-dirty bit: they are alike no more.
        for slot in slot..slot + len as usize {
            self.change_like_run(change, slot, 1);
        }
    }

    /// Changes a run whose entries differ at most in young and dirty, in sub-runs of equal PAE.
    fn change_like_run(&mut self, change: &Change, slot: Slot, len: u32) {
        let Change { clear, set, .. } = *change;
        let first = self.tables.get(slot);
        let writable = change.allows_write(first);
        let mut done = 0;
        while done < len {
            let (exclusive, step) = self.pae_run(first.pfn() + done, len - done, first);
            let set = if writable && exclusive { set | Entry::WRITE } else { set };
            for entry in self.tables.run_mut(slot + done as usize, step as usize) {
                *entry = entry.without(clear).with(set);
            }
            done += step;
        }
    }

    /// How many pages from `pfn`, at most `len`, are alike in PAE, and whether they have it.
    fn pae_run(&self, pfn: u32, len: u32, first: Entry) -> (bool, u32) {
        if fault!(self, MprotectWritableNonexclusive) && first.has(Entry::DIRTY) {
            return (true, len);
        }
        if fault!(self, BatchMprotectHeadPage) {
            let head = self.folios[self.folios.of(pfn)].head;
            return (self.folios.exclusive.get(head), len);
        }
        if fault!(self, BatchMergesMixedPae) {
            return (self.folios.exclusive.get(pfn), len);
        }
        self.folios.exclusive.equal_run(pfn, len)
    }

    /// Each entry of a run gets the young and dirty bits that any of them has (BT4), and each
    /// gain is told.
    fn merge_access_bits(&mut self, pid: Pid, slot: Slot, vpn: u32, len: u32) {
        let run = self.tables.run_mut(slot, len as usize);
        let merged = run.iter().fold(0, |all, entry| all | entry.0);
        let dirty_bits =
            if self.config.soft_dirty { Entry::DIRTY | Entry::SOFT_DIRTY } else { Entry::DIRTY };
        for (entry, vpn) in run.iter_mut().zip(vpn..) {
            let young = merged & Entry::YOUNG != 0 && !entry.has(Entry::YOUNG);
            let dirty = merged & Entry::DIRTY != 0 && !entry.has(Entry::DIRTY);
            if young {
                *entry = entry.with(Entry::YOUNG);
            }
            if dirty {
                *entry = entry.with(dirty_bits);
            }
            if young || dirty {
                self.choices.push(Choice::Merged { pid, vpn: Vpn(vpn), young, dirty });
            }
        }
    }

    /// The operation `numa_hint` (H11).
    pub(crate) fn numa_hint(&mut self, pid: Pid, range: PageRange) -> Outcome {
        let (start, end) = self.clamped(range);
        let mut index = self.vma_from(pid, start);
        while let Some(area) = self.area(pid, index).filter(|area| area.start < end) {
            index += 1;
            if !area.accessible() {
                continue;
            }
            let (mut at, end) = (start.max(area.start), end.min(area.end));
            self.notify(EventKind::ProtectionVma, pid, at, end);
            while let Some(block) = self.next_block(pid, at, end) {
                self.hint_block(block);
                at = block.end;
            }
            self.flush_changed(pid, start, end, UffdWp::Keep);
        }
        Outcome::Ok
    }

    fn hint_block(&mut self, block: Block) {
        let entry = self.tables.get(block.slot);
        if entry.is_huge() {
            if self.is_whole(block) && entry.has_folio() && !entry.has(Entry::PROTNONE) {
                let hinted = entry.without(Entry::WRITE).with(Entry::PROTNONE);
                if fault!(self, NumaZapReinstallWindow) {
                    self.blink(block.slot, Point::ProtectChanged);
                }
                self.tables.set(block.slot, hinted);
            } else if self.is_whole(block) && (entry.is_migration() || entry.is_device()) {
                let entry = self.reprotected_nonpresent(entry, UffdWp::Keep);
                self.tables.set(block.slot, entry);
            }
            return;
        }
        let first = self.pte_slot_in(block.slot, block.start);
        let len = block.end - block.start;
        let mut at = 0;
        while at < len {
            let slot = first + at as usize;
            let entry = self.tables.get(slot);
            let mut step = 1;
            if self.wants_hint(entry) {
                // The conditions are the folio's: what holds for one entry holds for its run.
                step = self.run_at(slot, len - at, RUN_IGNORES | Entry::WRITE | Entry::SOFT_DIRTY);
                for entry in self.tables.run_mut(slot, step as usize) {
                    *entry = entry.without(Entry::WRITE).with(Entry::PROTNONE);
                }
            } else if !entry.is_none() && !entry.is_present() {
                // The scanner is a change of protection: H5 holds.
                self.tables.set(slot, self.reprotected_nonpresent(entry, UffdWp::Keep));
            }
            at += step;
        }
    }

    /// Whether the NUMA scanner makes this PTE protnone (H11).
    fn wants_hint(&self, entry: Entry) -> bool {
        if !entry.has_folio() || entry.has(Entry::PROTNONE) {
            return false;
        }
        let id = self.folios.of(entry.pfn());
        let folio = &self.folios[id];
        !folio.maybe_pinned() && !self.folios.maybe_shared(id) && !folio.flags.has(FolioFlags::KSM)
    }

    /// The operation `clear_refs` (Z4): tracking starts in every VMA, then the entries lose W and
    /// the soft-dirty bit.
    pub(crate) fn clear_refs(&mut self, pid: Pid) -> Outcome {
        if !self.config.soft_dirty {
            return answer(Err(Errno::EINVAL));
        }
        for vma in &mut self.mms[pid.index()].vmas {
            vma.flags = vma.flags.without(VmaFlags::SOFTDIRTY);
        }
        self.notify(EventKind::SoftDirty, pid, 0, self.geometry.space());
        let mut at = 0;
        while let Some(block) = self.next_block(pid, at, self.geometry.space()) {
            at = block.end;
            let entry = self.tables.get(block.slot);
            if entry.is_huge() {
                let lost = if entry.is_present() { Entry::WRITE } else { 0 };
                self.tables.set(block.slot, entry.without(lost | Entry::SOFT_DIRTY));
                continue;
            }
            let first = self.pte_slot_in(block.slot, block.start);
            for slot in first..first + self.geometry.ptes() as usize {
                self.clear_soft_dirty(pid, slot);
            }
        }
        self.flush_changed(pid, 0, self.geometry.space(), UffdWp::Keep);
        Outcome::Ok
    }

    /// Z4 for one PTE: left alone if it is writable and its folio may be pinned.
    fn clear_soft_dirty(&mut self, pid: Pid, slot: Slot) {
        let entry = self.tables.get(slot);
        if !entry.is_present() {
            self.tables.set(slot, entry.without(Entry::SOFT_DIRTY));
            return;
        }
        let pinned = entry.has(Entry::WRITE)
            && self.mms[pid.index()].has_pinned
            && entry.has_folio()
            && self.folios[self.folios.of(entry.pfn())].maybe_pinned();
        if pinned && fault!(self, ClearRefsKillsPin) {
            self.folios.exclusive.fill(entry.pfn(), 1, false);
        } else if pinned {
            return;
        }
        self.tables.set(slot, entry.without(Entry::WRITE | Entry::SOFT_DIRTY));
    }
}
