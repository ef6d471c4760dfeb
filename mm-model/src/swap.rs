//! The swap device (S15) and the swap cache (E2, E14, E21): slots with their counts, which folio
//! covers which slots, and when a slot is free again. Who brings pages there is in `reclaim`, who
//! brings them back in `swapin`.

use crate::batch;
use crate::bits::Bits;
use crate::circumstances::{Circumstance, Held};
use crate::entry::Entry;
use crate::folio::{FolioId, lower};
use crate::model::Model;
use crate::table::Slot;
use mm_ops::{Errno, FolioFlags, Outcome, Pid, TOKENS_MAX, Token, Value, Vpn};

/// One slot. A free one is all default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SwapSlot {
    /// SWAP entries that name it.
    pub(crate) count: u32,
    /// The folio in the swap cache that covers it.
    pub(crate) cache: Option<FolioId>,
    /// Recorded as a page of zeros: read without IO.
    pub(crate) zero: bool,
    /// The device cannot read it.
    pub(crate) bad: bool,
    /// What was last written to it.
    pub(crate) value: Value,
}

impl SwapSlot {
    /// What reading the slot gives, unless the device fails.
    pub(crate) fn read(&self) -> Option<Value> {
        if self.zero {
            return Some(Value::ZERO);
        }
        (!self.bad).then_some(self.value)
    }
}

/// The device.
#[derive(Default)]
pub(crate) struct Swap {
    on: bool,
    slots: Vec<SwapSlot>,
    /// Which slots are taken.
    taken: Bits,
    free: u32,
    /// No slot below is free.
    lowest: u32,
}

impl Swap {
    /// A device that is on, all its slots free; none at all without slots.
    pub(crate) fn reset(&mut self, slots: u16) {
        // Free slots are all default: a device that nobody uses costs nothing.
        if self.len() != u32::from(slots) || self.free != self.len() {
            self.slots.clear();
            self.slots.resize(usize::from(slots), SwapSlot::default());
        }
        self.taken.reset();
        self.taken.grow(usize::from(slots));
        self.on = slots > 0;
        self.free = u32::from(slots);
        self.lowest = 0;
    }

    fn len(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The lowest free run of this order, aligned to its size (E1).
    fn take(&mut self, order: u8) -> Option<u32> {
        if !self.on {
            return None;
        }
        let pages = 1 << order;
        let mut at = self.lowest & !(pages - 1);
        while at + pages <= self.len() {
            if !self.taken.any(at, pages) {
                self.taken.fill(at, pages, true);
                self.free -= pages;
                if at <= self.lowest {
                    self.lowest = at + pages;
                }
                return Some(at);
            }
            at += pages;
        }
        None
    }

    /// The slot is free again.
    fn release(&mut self, slot: u32) {
        if cfg!(feature = "faults") && !self.taken.get(slot) {
            return;
        }
        self[slot] = SwapSlot::default();
        self.taken.fill(slot, 1, false);
        self.free += 1;
        self.lowest = self.lowest.min(slot);
    }

    /// vm_swap_full: more than half of the device is taken (E14, E21).
    pub(crate) const fn is_nearly_full(&self) -> bool {
        self.on && 2 * self.free < self.slots.len() as u32
    }

    /// Slots in use with their numbers, ascending.
    pub(crate) fn used(&self) -> impl Iterator<Item = (u32, &SwapSlot)> {
        let slots = if self.free == self.len() { &[][..] } else { &self.slots[..] };
        let used = (0..).zip(slots);
        used.filter(|(_, slot)| slot.count > 0 || slot.cache.is_some())
    }
}

impl std::ops::Index<u32> for Swap {
    type Output = SwapSlot;
    fn index(&self, slot: u32) -> &SwapSlot {
        &self.slots[slot as usize]
    }
}

impl std::ops::IndexMut<u32> for Swap {
    fn index_mut(&mut self, slot: u32) -> &mut SwapSlot {
        &mut self.slots[slot as usize]
    }
}

impl Model {
    /// Takes slots for a whole folio and puts it into the swap cache (E1, E2). Answers whether
    /// there were slots.
    pub(crate) fn add_to_swap(&mut self, id: FolioId) -> bool {
        let slot = self.swap.take(self.folios[id].order);
        if let Some(slot) = slot {
            self.cache_folio(id, slot);
        }
        slot.is_some()
    }

    /// The folio covers the slots from this one on; the cache holds a reference for each (E2).
    pub(crate) fn cache_folio(&mut self, id: FolioId, slot: u32) {
        let folio = &mut self.folios[id];
        folio.set(FolioFlags::SWAPCACHE, true);
        folio.swap = slot;
        folio.refs += folio.pages();
        self.repoint_slots(id);
    }

    /// The slots of a cached folio are now covered by this one (F7, G9).
    pub(crate) fn repoint_slots(&mut self, id: FolioId) {
        let folio = &self.folios[id];
        for slot in folio.swap..folio.swap + folio.pages() {
            self.swap[slot].cache = Some(id);
        }
    }

    /// The folio leaves the swap cache; slots that no entry names are free. May free the folio.
    pub(crate) fn uncache_folio(&mut self, id: FolioId) {
        let folio = &mut self.folios[id];
        folio.set(FolioFlags::SWAPCACHE, false);
        let (slot, pages) = (folio.swap, folio.pages());
        for slot in slot..slot + pages {
            self.swap[slot].cache = None;
            if self.swap[slot].count == 0 {
                self.swap.release(slot);
            }
        }
        self.put_folio(id, pages);
    }

    /// One more entry names the slot (C10, E4).
    pub(crate) fn duplicate_slot(&mut self, slot: u32) {
        self.swap[slot].count += 1;
    }

    /// One entry less names each of these slots (E14, BT6, BT7).
    pub(crate) fn put_slots(&mut self, slot: u32, len: u32) {
        for slot in slot..slot + len {
            lower(&mut self.swap[slot].count, 1);
            if self.swap[slot].count == 0 && self.swap[slot].cache.is_none() {
                self.swap.release(slot);
            }
        }
    }

    /// Whether some entry names a slot of the cached folio.
    pub(crate) fn is_swapped(&self, id: FolioId) -> bool {
        let folio = &self.folios[id];
        (folio.swap..folio.swap + folio.pages()).any(|slot| self.swap[slot].count > 0)
    }

    /// folio_free_swap (E14) of a folio whose lock the caller has: it leaves the swap cache, dirty,
    /// unless it is being written or an entry names its slots. The caller has a reference.
    pub(crate) fn free_swap(&mut self, id: FolioId) -> bool {
        let flags = self.folios[id].flags;
        let freeable = flags.has(FolioFlags::SWAPCACHE) && !flags.has(FolioFlags::WRITEBACK);
        if !freeable || self.is_swapped(id) {
            return false;
        }
        self.folios[id].set(FolioFlags::DIRTY, true);
        self.uncache_folio(id);
        true
    }

    /// free_swap_cache (B9, I1): a mapping of the cached folio went; if it was the last one, and
    /// the lock can be had, the slots are given up.
    #[cold]
    pub(crate) fn free_swap_if_unmapped(&mut self, id: FolioId) {
        let locked = self.folios[id].flags.has(FolioFlags::LOCKED);
        if !locked && self.folios.mapcount_of(id) == 0 {
            self.free_swap(id);
        }
    }

    /// How many SWAP entries from the first, at most `room`, name consecutive slots and are
    /// otherwise equal (BT6).
    pub(crate) fn swap_run(&self, slot: Slot, room: u32) -> u32 {
        batch::run_len(self.tables.run(slot, room as usize), 0) as u32
    }

    /// How many SWAP entries there are from the first, at most `room`, and at most to the end of the
    /// device, whichever slots they name.
    fn count_swap_entries(&self, slot: Slot, room: u32) -> u32 {
        let run = self.tables.run(slot, room as usize);
        let entries = run.iter().take_while(|entry| entry.is_swap()).count() as u32;
        entries.min(self.swap.len() - run[0].swap_slot())
    }

    /// Takes away the run of SWAP entries that begins here (E21, BT7). The counts drop first, in
    /// steps of the run length of the configuration; what then is cached for nobody is decided once
    /// for the whole run. Answers its length.
    pub(crate) fn zap_swap(&mut self, pid: Pid, slot: Slot, room: u32) -> u32 {
        let mut len = self.swap_run(slot, room);
        if fault!(self, SwapinWrongSlotBatch) {
            len = self.count_swap_entries(slot, room);
        }
        let first = self.tables.get(slot).swap_slot();
        self.tables.run_mut(slot, len as usize).fill(Entry::NONE);
        lower(&mut self.mms[pid.index()].swapents, len);
        let mut done = 0;
        while done < len {
            let step = self.run_max.min(len - done);
            self.put_slots(first + done, step);
            done += step;
        }
        for slot in first..first + len {
            if self.swap[slot].count == 0
                && let Some(id) = self.swap[slot].cache
            {
                self.reclaim_slots_of(id);
            }
        }
        len
    }

    /// A slot of the folio is cached only: the folio leaves the cache if that helps anyone (E21).
    fn reclaim_slots_of(&mut self, id: FolioId) {
        let wanted = self.folios.mapcount_of(id) == 0 || self.swap.is_nearly_full();
        if wanted && !self.folios[id].flags.has(FolioFlags::LOCKED) {
            self.free_swap(id);
        }
    }

    /// The device has written what the folio held to its slots.
    pub(crate) fn write_slots(&mut self, id: FolioId, values: &[Value]) {
        let slot = self.folios[id].swap;
        for (slot, value) in (slot..).zip(values) {
            let slot = &mut self.swap[slot];
            (slot.bad, slot.value) = (false, *value);
        }
    }

    /// The operation `write_done`.
    pub(crate) fn write_done(&mut self, token: Token, error: bool) -> Outcome {
        if token.0 >= TOKENS_MAX {
            return Outcome::Err(Errno::EINVAL);
        }
        let held = &mut self.tokens[token.index()];
        let Some(Circumstance { held: Held::Writeback(values), folio: Some(id) }) = held else {
            return Outcome::Err(Errno::EBADF);
        };
        let (id, values) = (*id, std::mem::take(values));
        *held = None;
        self.folios[id].set(FolioFlags::WRITEBACK, false);
        if error {
            self.folios[id].set(FolioFlags::DIRTY, true);
        } else {
            self.write_slots(id, &values);
        }
        Outcome::Ok
    }

    /// The operation `bad_slot`.
    pub(crate) fn bad_slot(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        match self.entry_at(pid, vpn) {
            Some(entry) if entry.is_swap() => {
                self.swap[entry.swap_slot()].bad = true;
                Outcome::Ok
            }
            _ => Outcome::Err(Errno::EFAULT),
        }
    }

    /// The operation `swapon`.
    pub(crate) fn swapon(&mut self) -> Outcome {
        if self.swap.on {
            return Outcome::Err(Errno::EBUSY);
        }
        if self.swap.slots.is_empty() {
            return Outcome::Err(Errno::EINVAL);
        }
        self.swap.on = true;
        Outcome::Ok
    }

    /// The operation `swapoff`.
    pub(crate) fn swapoff(&mut self) -> Outcome {
        if !self.swap.on {
            return Outcome::Err(Errno::EINVAL);
        }
        let empty =
            if self.is_anonmm() { self.bring_all_back_noted() } else { self.bring_all_back() };
        if let Err(errno) = empty {
            return Outcome::Err(errno);
        }
        self.swap.on = false;
        Outcome::Ok
    }
}
