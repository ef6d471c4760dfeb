//! The swap device and the swap cache (S15, E2, E14, E21): who takes slots and who gives them back,
//! and the operations on the device itself. How folios get there is in [`crate::reclaim`], how pages
//! come back in [`crate::swapin`].
//!
//! A slot is in use while a SWAP entry names it or a folio is cached for it. Both are looked up, so
//! nothing is done to free a slot: it is free when nobody has it any more.

use mm_ops::{Errno, FolioFlags, Outcome, PROCS_MAX, Pid, Token, Value, Vpn};

use crate::coverage::rule;
use crate::state::{Circumstance, FolioId, Holding, Pmd, Pte, Reference, Slot, Swapped};

/// Slots.
impl Reference {
    /// SWAP entries that name each slot (S15).
    fn slot_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.slots.len()];
        for pmd in self.mms.iter().flat_map(|mm| mm.pmds.values()) {
            let Pmd::Table(table) = pmd else { continue };
            for pte in table {
                if let Pte::Swap(Swapped { slot, .. }) = pte {
                    counts[*slot as usize] += 1;
                }
            }
        }
        counts
    }

    /// SWAP entries that name the slot (S15).
    pub(crate) fn slot_count(&self, slot: u32) -> u32 {
        self.slot_counts()[slot as usize]
    }

    /// Which slots are free: neither named nor cached (INV11).
    fn free_slots(&self) -> Vec<bool> {
        let counts = self.slot_counts();
        self.slots.iter().zip(counts).map(|(slot, n)| n == 0 && slot.cache.is_none()).collect()
    }

    /// "swap nearly full" (E14, E21): less than half of the slots are free.
    pub(crate) fn swap_nearly_full(&self) -> bool {
        let free = self.free_slots().iter().filter(|free| **free).count();
        2 * free < self.slots.len()
    }

    /// E2: the folio gets the lowest free run of slots that is aligned to its size, and with them
    /// enters the swap cache. `false`: there is none, or the device is off.
    pub(crate) fn enter_swap_cache(&mut self, folio: FolioId) -> bool {
        let nr = self.folio(folio).nr_pages() as usize;
        let free = self.free_slots();
        let found = free.chunks_exact(nr).position(|run| run.iter().all(|free| *free));
        let Some(run) = found.filter(|_| self.swap_on) else {
            rule!(self.coverage, E2, 1);
            return false;
        };
        rule!(self.coverage, S15);
        rule!(self.coverage, E2, 0);
        for slot in run * nr..(run + 1) * nr {
            self.slots[slot] = Slot { cache: Some(folio), ..Slot::default() };
        }
        true
    }

    /// The slot of the folio's first page, if it is in the swap cache.
    pub(crate) fn cached_at(&self, folio: FolioId) -> Option<u32> {
        self.slots.iter().position(|slot| slot.cache == Some(folio)).map(|slot| slot as u32)
    }

    /// The slots the folio is cached for.
    pub(crate) fn cached_slots(&self, folio: FolioId) -> std::ops::Range<u32> {
        match self.cached_at(folio) {
            Some(first) => first..first + self.folio(folio).nr_pages(),
            None => 0..0,
        }
    }
}

/// The swap cache.
impl Reference {
    /// folio_free_swap (E14): the folio leaves the swap cache, if it is in it, is not being
    /// written, and no SWAP entry names any of its slots. It is dirty then: its content is nowhere
    /// else. The caller has its lock.
    pub(crate) fn free_swap(&mut self, folio: FolioId) -> bool {
        let mut slots = self.cached_slots(folio);
        if slots.is_empty() || self.under_writeback(folio) {
            return false;
        }
        let counts = self.slot_counts();
        if slots.any(|slot| counts[slot as usize] > 0) {
            rule!(self.coverage, E14, 1);
            return false;
        }
        rule!(self.coverage, E14, 0);
        self.leave_swap_cache(folio);
        self.add_folio_flags(folio, FolioFlags::DIRTY);
        true
    }

    /// The folio is no longer cached for its slots.
    pub(crate) fn leave_swap_cache(&mut self, folio: FolioId) {
        for slot in self.cached_slots(folio) {
            self.slots[slot as usize].cache = None;
        }
    }

    /// free_swap_cache: a mapping of the folio went away by a zap or a copy. If it was the last one,
    /// the folio leaves the swap cache, if it can (B9, I1).
    pub(crate) fn free_unmapped_swap_cache(&mut self, folio: FolioId) {
        if self.in_swap_cache(folio) && self.mapcount(folio) == 0 && !self.locked(folio) {
            rule!(self.coverage, B9, 2);
            self.free_swap(folio);
        }
    }

    /// E21: SWAP entries that named these slots are gone. A folio that is cached for a slot nobody
    /// names any more is dropped from the cache, if it can be locked, and is unmapped or swap is
    /// nearly full, and `free_swap` agrees.
    pub(crate) fn entries_gone(&mut self, slots: std::ops::Range<u32>) {
        rule!(self.coverage, E21, 0);
        for slot in slots {
            let Some(folio) = self.slots[slot as usize].cache else { continue };
            let unnamed = self.slot_count(slot) == 0;
            let wanted = self.mapcount(folio) == 0 || self.swap_nearly_full();
            if unnamed && wanted && !self.locked(folio) {
                rule!(self.coverage, E21, 1);
                self.free_swap(folio);
            }
        }
    }

    /// The length of the run of SWAP entries from a page on: consecutive slots, equal flags, within
    /// one page table (BT6, BT7).
    pub(crate) fn swap_run_length(&self, pid: Pid, vpn: u32, end: u32) -> u32 {
        let Pte::Swap(first) = self.pte(pid, vpn) else { return 0 };
        let continues = |at: &u32| {
            let slot = first.slot + (at - vpn);
            self.pte(pid, *at) == Pte::Swap(Swapped { slot, flags: first.flags })
        };
        (vpn..self.block_end(vpn, end)).take_while(continues).count() as u32
    }

    /// Removes the run of SWAP entries from a page on (E21, E22); its length.
    pub(crate) fn zap_swap_run(&mut self, pid: Pid, vpn: u32, end: u32) -> u32 {
        let run = self.swap_run_length(pid, vpn, end);
        let Pte::Swap(Swapped { slot, .. }) = self.pte(pid, vpn) else { return run };
        rule!(self.coverage, E22);
        for vpn in vpn..vpn + run {
            self.set_pte(pid, vpn, Pte::None);
        }
        self.entries_gone(slot..slot + run);
        run
    }
}

/// Writing.
impl Reference {
    /// A write to swap begins (E11): the folio is clean from here on. Its content now, if anything
    /// must be written: a folio of zeroes is only recorded as such.
    pub(crate) fn begin_write(&mut self, folio: FolioId) -> Option<Vec<Value>> {
        self.remove_folio_flags(folio, FolioFlags::DIRTY);
        let content: Vec<Value> = self.folio(folio).pages.iter().map(|page| page.value).collect();
        let zero = content.iter().all(|value| value.is_zero());
        rule!(self.coverage, E11, u8::from(zero));
        for slot in self.cached_slots(folio) {
            let slot = &mut self.slots[slot as usize];
            slot.zero = zero;
            if zero {
                slot.value = Value::ZERO;
            }
        }
        (!zero).then_some(content)
    }

    /// A write has reached the slots.
    pub(crate) fn end_write(&mut self, folio: FolioId, written: &[Value]) {
        for (slot, value) in self.cached_slots(folio).zip(written) {
            let slot = &mut self.slots[slot as usize];
            slot.value = *value;
            slot.bad = false;
        }
    }

    /// `write_done`.
    pub(crate) fn op_write_done(&mut self, token: Token, error: bool) -> Outcome {
        let Some(place) = self.tokens.get_mut(token.index()) else {
            return Outcome::Err(Errno::EINVAL);
        };
        let writes = |held: &mut Circumstance| matches!(held.holding, Holding::Writeback(_));
        let Some(Circumstance { holding: Holding::Writeback(written), folio: Some(folio) }) =
            place.take_if(writes)
        else {
            return Outcome::Err(Errno::EBADF);
        };
        rule!(self.coverage, E11, if error { 3 } else { 2 });
        if error {
            self.add_folio_flags(folio, FolioFlags::DIRTY);
        } else {
            self.end_write(folio, &written);
        }
        Outcome::Ok
    }
}

/// The device.
impl Reference {
    /// `bad_slot`.
    pub(crate) fn op_bad_slot(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        match self.pte(pid, vpn.0) {
            Pte::Swap(Swapped { slot, .. }) => {
                self.slots[slot as usize].bad = true;
                Outcome::Ok
            }
            _ => Outcome::Err(Errno::EFAULT),
        }
    }

    /// `swapon`: `swapoff` left all slots free.
    pub(crate) fn op_swapon(&mut self) -> Outcome {
        if self.slots.is_empty() {
            return Outcome::Err(Errno::EINVAL);
        }
        if self.swap_on {
            return Outcome::Err(Errno::EBUSY);
        }
        self.swap_on = true;
        Outcome::Ok
    }

    /// `swapoff` (E17): the entries of all processes, then what is only cached. In the anonmm scheme slot
    /// by slot (M10).
    pub(crate) fn op_swapoff(&mut self) -> Outcome {
        if !self.swap_on {
            return Outcome::Err(Errno::EINVAL);
        }
        if self.has_anonmm() {
            if let Err(errno) = self.empty_swap() {
                return Outcome::Err(errno);
            }
            self.swap_on = false;
            return Outcome::Ok;
        }
        for pid in (0..PROCS_MAX).map(Pid) {
            if let Err(errno) = self.unuse_process(pid) {
                return Outcome::Err(errno);
            }
        }
        for slot in 0..self.slots.len() {
            let Some(folio) = self.slots[slot].cache else { continue };
            if self.locked(folio) || self.under_writeback(folio) {
                rule!(self.coverage, E17, 1);
                return Outcome::Err(Errno::EINTR);
            }
            rule!(self.coverage, E17, 2);
            self.free_swap(folio);
        }
        self.swap_on = false;
        Outcome::Ok
    }
}

/// Folio flags.
impl Reference {
    pub(crate) fn add_folio_flags(&mut self, folio: FolioId, flags: FolioFlags) {
        let of = &mut self.folio_mut(folio).flags;
        *of = of.with(flags);
    }

    pub(crate) fn remove_folio_flags(&mut self, folio: FolioId, flags: FolioFlags) {
        let of = &mut self.folio_mut(folio).flags;
        *of = of.without(flags);
    }
}
