//! KSM (rulebook area P): merging two pages into one, the zero page in place of a page of zeros, and
//! unmerging. Of the stable tree only what maps a page is kept: the places it was merged at.

use crate::entry::{Entry, Pfn};
use crate::fault::{Access, FaultError};
use crate::folio::FolioId;
use crate::model::{Model, answer};
use crate::race::Point;
use crate::rmap_walk::{RmapRange, RmapRanges, Want};
use crate::split::Caller;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{Errno, FolioFlags, NO_ANON_VMA, Outcome, Pid, VmaFlags, Vpn};

/// A page that ksmd looks at.
#[derive(Clone, Copy)]
struct Candidate {
    area: Area,
    vpn: u32,
    frame: Pfn,
}

/// What a candidate becomes.
#[derive(Clone, Copy)]
enum Target {
    /// A KSM page itself.
    Itself,
    /// Another mapping of this KSM page.
    Page(Pfn),
    /// The zero page.
    Zero,
}

/// Most faults that one page can need to be no KSM page any more.
const FAULTS_MAX: u32 = 4;

impl Model {
    /// The operation `ksm`.
    pub(crate) fn merge_pages(&mut self, pid: Pid, vpn: Vpn, with: Pid, to: Vpn) -> Outcome {
        if !self.live(with) {
            return Outcome::Err(Errno::ESRCH);
        }
        answer(self.candidate(pid, vpn).and_then(|first| {
            let second = self.candidate(with, to)?;
            self.merge_candidates(first, second)
        }))
    }

    fn merge_candidates(&mut self, first: Candidate, second: Candidate) -> Result<(), Errno> {
        let value = |candidate: Candidate| self.folios.value[candidate.frame as usize];
        if value(first) != value(second) {
            return Err(Errno::EINVAL);
        }
        if first.frame == second.frame {
            return Ok(());
        }
        match (self.is_ksm(first.frame), self.is_ksm(second.frame)) {
            (true, true) => Err(Errno::EINVAL),
            (true, false) => self.merge_page(second, Target::Page(first.frame)),
            (false, true) => self.merge_page(first, Target::Page(second.frame)),
            (false, false) => {
                self.merge_page(first, Target::Itself)?;
                // P4: a KSM page of one mapping is none.
                self.merge_page(second, Target::Page(first.frame)).inspect_err(|_| {
                    let _ = self.break_ksm(first.area, first.vpn);
                })
            }
        }
    }

    /// The operation `ksm_zero`.
    pub(crate) fn merge_zero_page(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        answer(self.candidate(pid, vpn).and_then(|candidate| {
            if !self.folios.value[candidate.frame as usize].is_zero() {
                return Err(Errno::EINVAL);
            }
            if self.is_ksm(candidate.frame) {
                return Err(Errno::EAGAIN);
            }
            self.merge_page(candidate, Target::Zero)
        }))
    }

    /// The anonymous page of a MERGEABLE VMA (P1).
    fn candidate(&self, pid: Pid, vpn: Vpn) -> Result<Candidate, Errno> {
        let area = self.area_at(pid, vpn.0).filter(|area| area.has(VmaFlags::MERGEABLE));
        let entry = self.entry_at(pid, vpn).filter(|entry| self.is_mergeable(*entry));
        match (area, entry) {
            (Some(area), Some(entry)) => {
                Ok(Candidate { area, vpn: vpn.0, frame: self.frame_at(entry, vpn.0) })
            }
            _ => Err(Errno::EFAULT),
        }
    }

    /// KSM looks at mapped pages alone (P2).
    fn is_mergeable(&self, entry: Entry) -> bool {
        entry.has_folio() || (fault!(self, KsmDevexclusive) && entry.is_device_exclusive())
    }

    fn is_ksm(&self, frame: Pfn) -> bool {
        self.folios[self.folios.of(frame)].flags.has(FolioFlags::KSM)
    }

    /// try_to_merge_one_page (P1 to P3).
    fn merge_page(&mut self, page: Candidate, target: Target) -> Result<(), Errno> {
        let id = self.folios.of(page.frame);
        if self.folios[id].flags.has(FolioFlags::LOCKED) {
            return Err(Errno::EAGAIN);
        }
        if self.folios[id].is_large() {
            let caller = Caller::Passing(page.frame - self.folios[id].head);
            self.split_folio(id, 0, None, caller).map_err(|_| Errno::EAGAIN)?;
        }
        // A page of zeros may have given way to the zero page in the split (F9).
        let found = self.find_entry(page.area.pid, page.vpn);
        let (slot, _) = found
            .filter(|(_, entry)| self.is_mergeable(*entry) && entry.pfn() == page.frame)
            .ok_or(Errno::EAGAIN)?;
        self.write_protect(slot)?;
        let by = match target {
            Target::Itself => {
                self.make_ksm(page);
                return Ok(());
            }
            Target::Page(frame) => Some(frame),
            Target::Zero => None,
        };
        // P2: only now nobody writes any more.
        let wanted = by.map_or(mm_ops::Value::ZERO, |frame| self.folios.value[frame as usize]);
        let same = self.folios.value[page.frame as usize] == wanted;
        if !same && !fault!(self, KsmCompareBeforeProtect) {
            return Err(Errno::EINVAL);
        }
        self.replace_page(page, slot, by);
        Ok(())
    }

    /// P2: the page is made read-only, clean and shared, if nobody else refers to it.
    fn write_protect(&mut self, slot: Slot) -> Result<(), Errno> {
        let entry = self.tables.get(slot);
        let id = self.folios.of(entry.pfn());
        let exclusive = self.folios.exclusive.get(entry.pfn());
        if !(entry.has(Entry::WRITE) || entry.has(Entry::DIRTY) || exclusive) {
            return Ok(());
        }
        self.hide_entry(slot, Point::KsmCleared);
        if !fault!(self, KsmNoFlush) {
            self.flush_tlb_of(id);
        }
        let folio = &self.folios[id];
        let referenced = folio.refs != self.folios.mapcount_of(id) + folio.cache_refs();
        let referenced = referenced && !fault!(self, KsmMergesPinned);
        let pinned = exclusive && folio.maybe_pinned() && !fault!(self, KsmMergesPinned);
        if referenced || pinned {
            self.unhide_entry();
            return Err(Errno::EAGAIN);
        }
        if !fault!(self, KsmMergeKeepsPae) {
            self.folios.exclusive.fill(entry.pfn(), 1, false);
        }
        self.yield_point(Point::KsmShared);
        self.hidden = None;
        if entry.has(Entry::DIRTY) {
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        self.tables.set(slot, entry.without(Entry::WRITE | Entry::DIRTY));
        self.yield_point(Point::KsmProtected);
        Ok(())
    }

    /// P3, the first page. Whatever else maps it does so in another process, perhaps where it moved
    /// the page to; the places of all are kept (L13).
    fn make_ksm(&mut self, page: Candidate) {
        let id = self.folios.of(page.frame);
        let ranges = self.rmap_ranges(id);
        let mapped = ranges
            .iter()
            .filter(|range| self.next_rmap_run(page.frame, range, 0, Want::Mapped).is_some());
        let mut places: Vec<u32> = mapped.map(|range| range.start).chain([page.vpn]).collect();
        places.sort_unstable();
        places.dedup();
        let folio = &mut self.folios[id];
        folio.set(FolioFlags::KSM.with(FolioFlags::DIRTY), true);
        folio.mapping = NO_ANON_VMA;
        self.ksm.insert(id, places);
    }

    /// P3, the second page: another page, or the zero page, takes its place.
    fn replace_page(&mut self, page: Candidate, slot: Slot, by: Option<Pfn>) {
        let pid = page.area.pid;
        let protection = Self::protection(page.area);
        let entry = if let Some(frame) = by {
            let id = self.folios.of(frame);
            self.folios[id].refs += 1;
            self.add_rmap_ptes(id, frame, 1, pid);
            self.note_ksm_place(id, page.vpn);
            Entry::page(frame, protection)
        } else {
            if !fault!(self, KsmZeroCounter) {
                self.mms[pid.index()].rss -= 1;
            }
            // S4b: the dirty bit tells that KSM did it.
            Entry::zero_page(protection | self.dirty_bits())
        };
        self.tables.set(slot, entry);
        let old = self.folios.of(page.frame);
        if !fault!(self, KsmNoFlush) {
            self.flush_tlb_of(old);
        }
        self.remove_rmap_ptes(old, page.frame, 1, pid);
        self.free_swap_if_unmapped(old);
        self.put_folio(old, 1);
    }

    /// MADV_UNMERGEABLE in a part of one VMA (P6).
    pub(crate) fn unmerge(&mut self, area: Area, start: u32, end: u32) -> Result<(), Errno> {
        let mut at = start;
        while let Some(block) = self.next_block(area.pid, at, end) {
            at = block.end;
            if self.tables.get(block.slot).is_table() {
                for vpn in block.start..block.end {
                    self.break_ksm(area, vpn)?;
                }
            }
        }
        Ok(())
    }

    /// Unshares one place until no KSM page is there (P6).
    fn break_ksm(&mut self, area: Area, vpn: u32) -> Result<(), Errno> {
        for _ in 0..FAULTS_MAX {
            if !self.is_ksm_at(area.pid, vpn) {
                return Ok(());
            }
            match self.handle_fault(area, vpn, Access::Unshare) {
                Ok(()) => {}
                Err(FaultError::NoMemory) => return Err(Errno::ENOMEM),
                Err(FaultError::Blocked) => return Err(Errno::EINTR),
                Err(_) => return Ok(()),
            }
        }
        debug_assert!(self.is_faulty(), "an unshare fault leaves no KSM page");
        Ok(())
    }

    /// A KSM page, a zero page that KSM placed, or a KSM page under migration.
    fn is_ksm_at(&self, pid: Pid, vpn: u32) -> bool {
        let Some((_, entry)) = self.find_entry(pid, vpn) else {
            return false;
        };
        if entry.is_zero() {
            return !entry.is_huge() && entry.has(Entry::DIRTY);
        }
        if entry.is_migration() {
            return self.ksm.contains_key(&self.migration_home(self.folios.of(entry.pfn())));
        }
        entry.has_folio() && self.is_ksm(entry.pfn())
    }

    /// A KSM page is mapped at a place, by KSM or from the swap cache.
    pub(crate) fn note_ksm_place(&mut self, id: FolioId, vpn: u32) {
        let places = self.ksm.entry(id).or_default();
        if let Err(at) = places.binary_search(&vpn) {
            places.insert(at, vpn);
        }
    }

    /// Pages were moved. One of them may be a KSM page that J4 does not care for: another process merged it
    /// after a fork, or a device has it.
    pub(crate) fn note_moved_ksm(&mut self, from: u32, to: u32, len: u32) {
        for places in self.ksm.values_mut() {
            let moved = places.iter().filter(|vpn| (from..from + len).contains(vpn));
            let moved: Vec<u32> = moved.map(|vpn| to + (vpn - from)).collect();
            places.extend(moved);
            places.sort_unstable();
            places.dedup();
        }
    }

    /// The places where a KSM page may be mapped (L13).
    pub(crate) fn ksm_ranges(&self, id: FolioId) -> RmapRanges {
        let places = self.ksm.get(&id).map_or(&[][..], |places| &places[..]);
        let pids = (0..self.mms.len() as u8).map(Pid);
        let ranges = pids.flat_map(|pid| {
            places.iter().filter_map(move |vpn| {
                let area = self.area_at(pid, *vpn)?;
                Some(RmapRange { area, start: *vpn, page: 0, len: 1 })
            })
        });
        ranges.collect()
    }
}
