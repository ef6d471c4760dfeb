//! How swapped pages come back (E12 … E20, E23, E24): by a fault, by MADV_WILLNEED (into the swap
//! cache only), and all together by `swapoff` (E17).

use std::ops::Range;

use mm_ops::{AllocKind, EntryFlags, Errno, FolioFlags, Order, Pid, Value, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::fault::{Access, Fault};
use crate::state::{FolioId, Mapped, Pte, Reference, Slot, Swapped};

/// A folio that is about to be mapped in the place of SWAP entries.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    folio: FolioId,
    /// The first page of the folio to be mapped, where, and how many from there.
    page: u32,
    start: u32,
    count: u32,
    /// Of the entries replaced: they are all equal.
    flags: EntryFlags,
    /// The folio was never exposed to the swap cache.
    private: bool,
}

/// Faults.
impl Reference {
    /// do_swap_page (E12): a fault on a SWAP entry. In the anonmm scheme M7 replaces all of it.
    pub(crate) fn swap_fault(&mut self, pid: Pid, vpn: u32, access: Access) -> Result<(), Fault> {
        if self.has_anonmm() {
            return self.map_swapped_page(pid, vpn, access);
        }
        let Pte::Swap(swapped) = self.pte(pid, vpn) else { return Ok(()) };
        let arrival = match self.slots[swapped.slot as usize].cache {
            Some(folio) => {
                rule!(self.coverage, E12, 0);
                self.arrival_from_cache(pid, vpn, swapped, folio, access)?
            }
            None if self.config.swap_device.is_sync() && self.slot_count(swapped.slot) == 1 => {
                rule!(self.coverage, E12, 1);
                self.read_past_cache(pid, vpn, swapped)?
            }
            None => {
                rule!(self.coverage, E12, 2);
                let folio = self.read_into_cache(pid, vpn, swapped.slot)?;
                self.arrival_from_cache(pid, vpn, swapped, folio, access)?
            }
        };
        if self.folio(arrival.folio).flags.has(FolioFlags::NOT_UPTODATE) {
            rule!(self.coverage, E12, 4);
            return Err(Fault::Bus);
        }
        self.map_arrival(pid, vpn, arrival, access)
    }

    /// The folio that is in the swap cache: locked by someone else it is waited for. A KSM leftover
    /// that does not fit this place is copied (E16, P7).
    fn arrival_from_cache(
        &mut self,
        pid: Pid,
        vpn: u32,
        Swapped { slot, flags }: Swapped,
        folio: FolioId,
        access: Access,
    ) -> Result<Arrival, Fault> {
        if self.locked(folio) {
            rule!(self.coverage, E12, 3);
            return Err(Fault::Blocked);
        }
        let first = self.cached_slots(folio).start;
        let page = slot - first;
        if self.page(folio, page).hwpoison {
            return Err(Fault::Hwpoison);
        }
        let single = Arrival { folio, page, start: vpn, count: 1, flags, private: false };
        if self.needs_ksm_copy(pid, vpn, folio) {
            let folio = self.copy_for_ksm(pid, vpn, folio)?;
            return Ok(Arrival { folio, page: 0, private: true, ..single });
        }
        let ksm = self.folio(folio).flags.has(FolioFlags::KSM);
        if access == Access::Write && !ksm {
            // Only without batches in the way can it be seen that nobody else has it.
            self.drain_for(folio);
        }
        if self.folio(folio).large() && self.whole_folio_fits(pid, vpn, folio, page) {
            let count = self.folio(folio).nr_pages();
            return Ok(Arrival { page: 0, start: vpn - page, count, ..single });
        }
        Ok(single)
    }

    /// E19: whether all pages of a cached large folio can be mapped at once: their entries lie in
    /// this VMA and page table, name its slots in order, and are equal otherwise.
    fn whole_folio_fits(&mut self, pid: Pid, vpn: u32, folio: FolioId, page: u32) -> bool {
        let nr = self.folio(folio).nr_pages();
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let low = vma.start.max(self.block_start(vpn));
        let high = self.block_end(vpn, vma.end);
        let start = vpn.checked_sub(page).filter(|start| low <= *start && start + nr <= high);
        let fits = start.is_some_and(|start| {
            let first = self.cached_slots(folio).start;
            let begins = matches!(self.pte(pid, start), Pte::Swap(entry) if entry.slot == first);
            begins && self.swap_run_length(pid, start, start + nr) == nr
        });
        rule!(self.coverage, E19, u8::from(fits));
        fits
    }

    /// ksm_might_need_to_copy: a small folio that was mapped, but not here, as only KSM makes happen
    /// (the folio itself is no KSM page any more).
    fn needs_ksm_copy(&self, pid: Pid, vpn: u32, folio: FolioId) -> bool {
        let of = self.folio(folio);
        let Some(mapping) = of.mapping else { return false };
        let root = |av| self.anon_vmas[av as usize].root;
        let vma = self.vma(pid, Vpn(vpn));
        let own = vma.and_then(|vma| vma.anon_vma);
        let here = vma.is_some_and(|vma| of.index == vma.index_of(vpn)) && self.linked(mapping);
        let fits = here && own.is_some_and(|own| root(own) == root(mapping));
        let ksm = of.flags.has(FolioFlags::KSM);
        !of.large() && !ksm && !fits && !of.flags.has(FolioFlags::NOT_UPTODATE)
    }

    fn copy_for_ksm(&mut self, pid: Pid, vpn: u32, folio: FolioId) -> Result<FolioId, NoMemory> {
        self.try_allocate(AllocKind::Folio(Order(0)), pid, vpn)?;
        rule!(self.coverage, E16, 3);
        let value = self.page(folio, 0).value;
        let copy = self.new_folio(Order(0), self.vma_flags(pid, vpn));
        self.add_folio_flags(copy, FolioFlags::DIRTY);
        self.page_mut(copy, 0).value = value;
        Ok(copy)
    }
}

/// Reading.
impl Reference {
    /// A fresh small folio enters the swap cache and is read.
    pub(crate) fn read_into_cache(
        &mut self,
        pid: Pid,
        vpn: u32,
        slot: u32,
    ) -> Result<FolioId, NoMemory> {
        self.try_allocate(AllocKind::Folio(Order(0)), pid, vpn)?;
        let folio = self.new_folio(Order(0), VmaFlags::NONE);
        self.slots[slot as usize].cache = Some(folio);
        self.read_slots(folio, slot);
        Ok(folio)
    }

    /// E12: the page of a sole owner on a synchronous device never enters the swap cache. It may come
    /// in a large folio (E18).
    fn read_past_cache(
        &mut self,
        pid: Pid,
        vpn: u32,
        Swapped { slot, flags }: Swapped,
    ) -> Result<Arrival, NoMemory> {
        let order = self.allocate_for_swapin(pid, vpn, slot)?;
        rule!(self.coverage, E18, order.0);
        let start = vpn & !(order.pages() - 1);
        let folio = self.new_folio(order, VmaFlags::NONE);
        self.read_slots(folio, slot - (vpn - start));
        Ok(Arrival { folio, page: 0, start, count: order.pages(), flags, private: true })
    }

    /// E18: which order a folio that bypasses the swap cache has.
    fn allocate_for_swapin(&mut self, pid: Pid, vpn: u32, slot: u32) -> Result<Order, NoMemory> {
        let aligned = |order: Order| vpn % order.pages() == slot % order.pages();
        let orders: Vec<Order> =
            self.fresh_orders(pid, vpn).iter().filter(|o| aligned(*o)).collect();
        let largest =
            orders.iter().rev().find(|order| self.can_swap_in(pid, vpn, **order)).copied();
        for order in orders.into_iter().rev().filter(|order| Some(*order) <= largest) {
            if self.allocate(AllocKind::Folio(order), pid, vpn & !(order.pages() - 1)) {
                return Ok(order);
            }
        }
        self.try_allocate(AllocKind::Folio(Order(0)), pid, vpn)?;
        Ok(Order(0))
    }

    /// E18: whether the aligned block holds consecutive SWAP entries, equal otherwise, of slots that
    /// are not cached and are all recorded as zero or all not.
    fn can_swap_in(&self, pid: Pid, vpn: u32, order: Order) -> bool {
        let (start, nr) = (vpn & !(order.pages() - 1), order.pages());
        let (Pte::Swap(first), Pte::Swap(own)) = (self.pte(pid, start), self.pte(pid, vpn)) else {
            return false;
        };
        let run = first.slot + (vpn - start) == own.slot
            && self.swap_run_length(pid, start, start + nr) == nr;
        run && {
            let slots = &self.slots[first.slot as usize..(first.slot + nr) as usize];
            slots.iter().all(|slot| slot.cache.is_none() && slot.zero == slots[0].zero)
        }
    }

    /// swap_read_folio. Slots recorded as zero need no IO; of one that cannot be read the folio stays
    /// without content.
    fn read_slots(&mut self, folio: FolioId, first: u32) {
        let slots = first..first + self.folio(folio).nr_pages();
        let unreadable = |slot: u32| {
            let slot = &self.slots[slot as usize];
            slot.bad && !slot.zero
        };
        if slots.clone().any(unreadable) {
            self.add_folio_flags(folio, FolioFlags::NOT_UPTODATE);
            return;
        }
        for (slot, page) in slots.zip(0..) {
            let Slot { zero, value, .. } = self.slots[slot as usize];
            self.page_mut(folio, page).value = if zero { Value::ZERO } else { value };
        }
    }

    /// MADV_WILLNEED in one VMA.
    pub(crate) fn will_need(&mut self, pid: Pid, range: Range<u32>) {
        for part in self.present_blocks(pid, range) {
            for vpn in part {
                if let Pte::Swap(Swapped { slot, .. }) = self.pte(pid, vpn)
                    && self.slots[slot as usize].cache.is_none()
                {
                    // Without memory the page is passed over.
                    let _ = self.read_into_cache(pid, vpn, slot);
                }
            }
        }
    }
}

/// Mapping.
impl Reference {
    /// E13 to E16, in the kernel's order: the slots are given back, the cache is left where it is of no
    /// more use, and only then is it decided whether the page is exclusive.
    fn map_arrival(
        &mut self,
        pid: Pid,
        vpn: u32,
        arrival: Arrival,
        access: Access,
    ) -> Result<(), Fault> {
        let Arrival { folio, page, start, count, flags: old, private } = arrival;
        let sole = self.arrives_exclusive(&arrival);
        for vpn in start..start + count {
            self.set_pte(pid, vpn, Pte::None);
        }
        if self.should_free_swap(pid, vpn, folio, access) {
            self.free_swap(folio);
        }
        let ksm = self.folio(folio).flags.has(FolioFlags::KSM);
        // Nobody else has it: RC is 1, the reference of the fault itself.
        let exclusive = !ksm && (sole || self.refcount(folio) == 0);
        rule!(self.coverage, E13, u8::from(exclusive) + if private { 2 } else { 0 });
        let flags = self.arrival_flags(pid, vpn, old, exclusive, access);
        self.arrival_rmap(pid, &arrival, exclusive);
        for at in 0..count {
            let mapped = Mapped { folio, page: page + at, flags };
            self.set_pte(pid, start + at, Pte::Page(mapped));
            self.page_mut(folio, page + at).exclusive |= exclusive;
        }
        if access == Access::Write && !flags.has(EntryFlags::WRITE) {
            rule!(self.coverage, E15, 2);
            // The entry stands, and the copy is made without locks.
            self.between_steps();
            return self.cow_fault(pid, vpn, access);
        }
        Ok(())
    }

    /// E13: what the entry and the folio tell. A page that is being written to a device that needs
    /// stable pages must not become writable: there the exclusive bit is dropped (E24).
    fn arrives_exclusive(&mut self, arrival: &Arrival) -> bool {
        if arrival.private {
            return true;
        }
        let exclusive = arrival.flags.has(EntryFlags::EXCLUSIVE);
        let stable = self.config.swap_device.is_stable();
        if exclusive && stable && self.under_writeback(arrival.folio) {
            rule!(self.coverage, E24);
            return false;
        }
        exclusive
    }

    /// should_try_to_free_swap (E14).
    fn should_free_swap(&mut self, pid: Pid, vpn: u32, folio: FolioId, access: Access) -> bool {
        if !self.in_swap_cache(folio) {
            return false;
        }
        let locked = self.vma_flags(pid, vpn).has(VmaFlags::LOCKED) || self.mlocked(folio);
        if self.swap_nearly_full() || locked {
            rule!(self.coverage, E14, if locked { 3 } else { 2 });
            return true;
        }
        let ksm = self.folio(folio).flags.has(FolioFlags::KSM);
        let only_ours = self.refcount(folio) == self.folio(folio).nr_pages();
        access == Access::Write && !ksm && only_ours
    }

    /// E15: the new entries.
    fn arrival_flags(
        &mut self,
        pid: Pid,
        vpn: u32,
        old: EntryFlags,
        exclusive: bool,
        access: Access,
    ) -> EntryFlags {
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        let kept = EntryFlags::SOFT_DIRTY.with(EntryFlags::UFFD_WP);
        let flags = prot.with(EntryFlags(old.0 & kept.0));
        let protected = self.uffd_protected(vma_flags, flags);
        let writable = exclusive
            && vma_flags.has(VmaFlags::WRITE)
            && !protected
            && !self.needs_soft_dirty_fault(vma_flags, flags);
        rule!(self.coverage, E15, u8::from(writable));
        let flags = flags.with_if(EntryFlags::WRITE, writable);
        if writable && access == Access::Write { self.dirtied(flags) } else { flags }
    }

    /// E16: a folio that was never mapped gets its place: in the VMA's own anon_vma if it is exclusive,
    /// else in the root. One that was keeps its place.
    fn arrival_rmap(&mut self, pid: Pid, arrival: &Arrival, exclusive: bool) {
        let Arrival { folio, start, count, .. } = *arrival;
        if self.folio(folio).flags.has(FolioFlags::KSM) {
            rule!(self.coverage, P7);
        } else if self.folio(folio).mapping.is_some() {
            rule!(self.coverage, E16, 2);
            self.mappings_to_add(folio, pid, count);
        } else {
            rule!(self.coverage, E16, u8::from(exclusive));
            self.first_mapping(folio, pid, start, count);
            if !exclusive {
                self.move_to_root(folio);
            }
        }
    }

    /// A folio that may be shared belongs to the root of the family (L6).
    fn move_to_root(&mut self, folio: FolioId) {
        let own = self.folio(folio).mapping;
        self.folio_mut(folio).mapping = own.map(|av| self.anon_vmas[av as usize].root);
    }
}

/// `swapoff`.
impl Reference {
    /// E17: every SWAP entry of a process becomes present, ascending.
    pub(crate) fn unuse_process(&mut self, pid: Pid) -> Result<(), Errno> {
        for part in self.present_blocks(pid, 0..self.config.space_pages()) {
            for vpn in part {
                if let Pte::Swap(swapped) = self.pte(pid, vpn) {
                    self.unuse_entry(pid, vpn, swapped)?;
                }
            }
        }
        Ok(())
    }

    fn unuse_entry(
        &mut self,
        pid: Pid,
        vpn: u32,
        Swapped { slot, flags: old }: Swapped,
    ) -> Result<(), Errno> {
        let failed = |NoMemory| Errno::ENOMEM;
        let cached = match self.slots[slot as usize].cache {
            Some(folio) => folio,
            None => self.read_into_cache(pid, vpn, slot).map_err(failed)?,
        };
        if self.locked(cached) || self.under_writeback(cached) {
            rule!(self.coverage, E17, 1);
            return Err(Errno::EINTR);
        }
        let page = slot - self.cached_slots(cached).start;
        if self.page(cached, page).hwpoison {
            let flags = EntryFlags::NONE;
            self.set_pte(pid, vpn, Pte::Hwpoison(Mapped { folio: cached, page, flags }));
        } else if self.folio(cached).flags.has(FolioFlags::NOT_UPTODATE) {
            rule!(self.coverage, E17, 3);
            self.set_pte(pid, vpn, Pte::Poisoned);
        } else {
            self.unuse_page(pid, vpn, old, cached, page).map_err(failed)?;
        }
        self.free_swap(cached);
        Ok(())
    }

    /// unuse_pte: the page is mapped old, R/O and clean, exclusive as the entry says.
    fn unuse_page(
        &mut self,
        pid: Pid,
        vpn: u32,
        old: EntryFlags,
        cached: FolioId,
        page: u32,
    ) -> Result<(), NoMemory> {
        let copied = self.needs_ksm_copy(pid, vpn, cached);
        let (folio, page) =
            if copied { (self.copy_for_ksm(pid, vpn, cached)?, 0) } else { (cached, page) };
        rule!(self.coverage, E17, 0);
        let exclusive = copied || old.has(EntryFlags::EXCLUSIVE);
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let kept = EntryFlags::SOFT_DIRTY.with(EntryFlags::UFFD_WP);
        let flags = self.vma_prot(vma).without(EntryFlags::YOUNG).with(EntryFlags(old.0 & kept.0));
        let arrival = Arrival { folio, page, start: vpn, count: 1, flags: old, private: copied };
        self.arrival_rmap(pid, &arrival, exclusive);
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio, page, flags }));
        self.page_mut(folio, page).exclusive |= exclusive;
        Ok(())
    }
}
