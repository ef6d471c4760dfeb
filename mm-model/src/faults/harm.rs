//! What some faults do beyond leaving something out, and what they remember for it.

use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::Model;
use crate::rmap_walk::RmapRange;
use crate::table::Slot;
use mm_ops::{PROCS_MAX, Pid, Value};

/// What a fault keeps from one operation to another.
#[derive(Default)]
pub(crate) struct Remembered {
    /// What the zero page holds; anything but zero is the doing of a fault.
    pub(crate) zero_page: Value,
    /// The last page that was read past the swap cache: where, for which entry, and what it held.
    read_past_cache: Option<(Slot, Entry, Value)>,
    /// Which processes have SWAP entries from fork alone.
    pub(crate) inherited_swap: [bool; PROCS_MAX as usize],
    /// Which processes had such entries when their fork failed, and were not made since.
    half_made: [bool; PROCS_MAX as usize],
}

impl Model {
    /// What a fork that fails without undoing anything leaves: the child's entries are lost, and
    /// with them the counts they held.
    pub(crate) fn forget_entries(&mut self, pid: Pid) {
        let mut at = 0;
        while let Some(block) = self.next_block(pid, at, self.geometry.space()) {
            if self.tables.get(block.slot).is_table() {
                let slot = self.pte_slot_in(block.slot, block.start);
                self.tables.run_mut(slot, self.geometry.ptes() as usize).fill(Entry::NONE);
            } else {
                self.tables.set(block.slot, Entry::NONE);
            }
            at = block.end;
        }
    }

    /// A SWAP entry that is exclusive if the frame with the number of its slot is.
    pub(crate) fn typed_by_frame(&self, entry: Entry) -> Entry {
        let frame = entry.swap_slot();
        let exists = (frame as usize) < self.folios.value.len();
        let exclusive = exists && self.folios.exclusive.get(frame);
        let bits = if exclusive { Entry::EXCLUSIVE } else { 0 };
        entry.without(Entry::EXCLUSIVE).with(bits)
    }

    /// A page was read past the swap cache. If the fault before found the same entry at this place, its
    /// copy is the one that is mapped.
    pub(crate) fn keep_first_copy(&mut self, slot: Slot, entry: Entry, id: FolioId) {
        let head = self.folios[id].head as usize;
        let value = &mut self.folios.value[head];
        match self.remembered.read_past_cache {
            Some((place, seen, copy)) if (place, seen) == (slot, entry) => *value = copy,
            _ => self.remembered.read_past_cache = Some((slot, entry, *value)),
        }
    }

    /// Where swapoff maps the page of a SWAP entry: where it is, or with a fault where another process
    /// has one of the same slot at the same address.
    pub(crate) fn place_to_map_back(&self, pid: Pid, slot: Slot, vpn: u32) -> (Pid, Slot) {
        if !fault!(self, SwapoffWrongMm) {
            return (pid, slot);
        }
        let number = self.tables.get(slot).swap_slot();
        let mut others = (0..PROCS_MAX).map(Pid).filter(|other| *other != pid && self.live(*other));
        let elsewhere = others.find_map(|other| {
            let (slot, found) = self.find_entry(other, vpn)?;
            let same = found.is_swap() && found.swap_slot() == number;
            same.then_some((other, slot))
        });
        elsewhere.unwrap_or((pid, slot))
    }

    /// Whether swapoff does not know of a process.
    pub(crate) fn escapes_swapoff(&self, pid: Pid) -> bool {
        fault!(self, SwapoffMissesChildMm) && self.remembered.inherited_swap[pid.index()]
    }

    /// A fork failed: swapoff knows the child if it got SWAP entries.
    pub(crate) fn remember_half_made(&mut self, child: Pid) {
        let Remembered { inherited_swap, half_made, .. } = &mut self.remembered;
        half_made[child.index()] = inherited_swap[child.index()];
    }

    /// A process begins, with nothing in swap.
    pub(crate) fn forget_process(&mut self, pid: Pid) {
        let Remembered { inherited_swap, half_made, .. } = &mut self.remembered;
        (inherited_swap[pid.index()], half_made[pid.index()]) = (false, false);
    }

    /// Whether swapoff comes to what a fork that failed left of a process.
    pub(crate) fn walks_half_made(&self, pid: Pid) -> bool {
        fault!(self, SwapoffUnstableMm) && self.remembered.half_made[pid.index()]
    }

    /// Splits every MIGRATION PMD in a range.
    pub(crate) fn split_migrating_leaves(&mut self, range: &RmapRange) {
        let (mut at, end) = (range.start, range.start + range.len);
        while let Some(block) = self.next_block(range.area.pid, at, end) {
            let pmd = self.tables.get(block.slot);
            if pmd.is_huge() && pmd.is_migration() {
                self.split_leaf(range.area, block.slot);
            }
            at = block.end;
        }
    }

    /// Whether a folio is split that has more references than `expected`: all of them are of handles on
    /// pages of zeros, or it does not matter what they are.
    pub(crate) fn splits_in_use(&self, id: FolioId, expected: u32) -> bool {
        if !fault!(self, ZeroRemapOfPinned) {
            return fault!(self, FreezeSplitIgnoresFailedShare);
        }
        let folio = &self.folios[id];
        let frames = folio.head..folio.head + folio.pages();
        let held: Vec<Pfn> = self.handle_references(&frames).map(|(pfn, _)| pfn).collect();
        let zeros = held.iter().all(|pfn| self.folios.value[*pfn as usize].is_zero());
        zeros && folio.refs == expected + held.len() as u32
    }

    /// Clears the entries behind a run of a folio's pages, for as many pages as are left of it.
    pub(crate) fn clear_behind(&mut self, id: FolioId, slot: Slot, pfn: Pfn, len: u32) {
        let folio = &self.folios[id];
        let left = (folio.head + folio.pages()).saturating_sub(pfn + len);
        let behind = slot + len as usize;
        for slot in behind..self.tables.end().min(behind + left as usize) {
            self.tables.set(slot, Entry::NONE);
        }
    }
}
