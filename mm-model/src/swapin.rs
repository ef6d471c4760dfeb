//! Bringing pages back from swap (rulebook area E, E12 to E19): faults on SWAP entries, reading
//! ahead on request, and swapoff. Runs that one large folio covers are mapped in one go (BT6).

use crate::alloc::NoMemory;
use crate::entry::{Entry, Pfn};
use crate::fault::{Access, FaultError};
use crate::folio::{FolioId, lower};
use crate::model::Model;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{Errno, FolioFlags, NO_ANON_VMA, Pid, Value, VmaFlags};

/// A run of SWAP entries and the pages to be mapped in their place.
#[derive(Clone, Copy)]
struct Run {
    /// The first PTE, and its page.
    slot: Slot,
    vpn: u32,
    /// The first frame.
    pfn: Pfn,
    len: u32,
}

/// The folio for a SWAP entry.
#[derive(Clone, Copy)]
struct Found {
    id: FolioId,
    /// Nobody but this fault can know it: it was read past the swap cache, or copied.
    private: bool,
}

impl Model {
    /// A fault on a SWAP entry (E12 to E16). A write goes on with the page that came back.
    #[cold]
    pub(crate) fn swap_fault(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<(), FaultError> {
        if self.is_anonmm() {
            return self.swap_fault_noted(area, slot, vpn, access);
        }
        let entry = self.tables.get(slot);
        let found = self.find_swapped(area, slot, vpn, entry)?;
        if !found.private && self.is_poisoned_in_cache(found.id, entry) {
            self.put_folio(found.id, 1);
            return Err(FaultError::Poisoned);
        }
        if access == Access::Write && self.waits_in_cache(found) {
            self.drain_lru();
        }
        if self.folios[found.id].flags.has(FolioFlags::NOT_UPTODATE) {
            self.put_folio(found.id, 1);
            return Err(FaultError::Bus);
        }
        let run = self.swapped_run(area, slot, vpn, found.id);
        let complete = self.map_swapped(area, run, found, access);
        if access == Access::Write && !complete {
            return self.wp_fault(area, slot, vpn, access);
        }
        Ok(())
    }

    /// Whether a cached folio is not on the LRU yet, which hides that it has one owner (S14).
    fn waits_in_cache(&self, found: Found) -> bool {
        let flags = self.folios[found.id].flags;
        !found.private && !flags.has(FolioFlags::KSM) && !flags.has(FolioFlags::LRU)
    }

    /// Whether the cached page of a SWAP entry is poisoned (Q5).
    fn is_poisoned_in_cache(&self, id: FolioId, entry: Entry) -> bool {
        let folio = &self.folios[id];
        folio.flags.has(FolioFlags::SWAPCACHE)
            && self.folios.poisoned.get(folio.head + (entry.swap_slot() - folio.swap))
    }

    /// The folio that holds the page of a SWAP entry, with a reference for the caller (E12).
    fn find_swapped(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        entry: Entry,
    ) -> Result<Found, FaultError> {
        let swap = self.swap[entry.swap_slot()];
        if let Some(id) = swap.cache {
            if self.folios[id].flags.has(FolioFlags::LOCKED) {
                return Err(FaultError::Blocked);
            }
            self.folios[id].refs += 1;
            let copy = self.copy_if_foreign(area, vpn, id);
            if matches!(copy, Ok(None)) {
                return Ok(Found { id, private: false });
            }
            self.put_folio(id, 1);
            return Ok(Found { id: copy?.unwrap_or(id), private: true });
        }
        if self.config.swap_device.is_sync() && swap.count == 1 {
            let id = self.read_past_cache(area, slot, vpn, entry)?;
            return Ok(Found { id, private: true });
        }
        let id = self.read_into_cache(area.pid, vpn, entry.swap_slot())?;
        Ok(Found { id, private: false })
    }

    /// ksm_might_need_to_copy (E16): a cached small folio that belongs to another place, as a KSM
    /// page leaves it when it was swapped out, is copied. Answers the copy, if there is one.
    fn copy_if_foreign(
        &mut self,
        area: Area,
        vpn: u32,
        id: FolioId,
    ) -> Result<Option<FolioId>, NoMemory> {
        let folio = &self.folios[id];
        let (mapping, vma) = (folio.mapping, self.vma(area));
        let kept = FolioFlags::NOT_UPTODATE.0 | FolioFlags::KSM.0;
        let fits = folio.is_large() || mapping == NO_ANON_VMA || folio.flags.0 & kept != 0;
        if fits || fault!(self, KsmSwapinNoCopy) {
            return Ok(None);
        }
        let root = |number: u32| self.anon_vmas[number].root;
        let here = folio.index == vma.linear_index(vpn) && self.anon_vmas.is_linked(mapping);
        if here && root(mapping) == root(vma.anon_vma) {
            return Ok(None);
        }
        let value = self.folios.value[folio.head as usize];
        self.allocate_folio(0, area.pid, vpn)?;
        let copy = self.folios.create(0);
        let folio = &mut self.folios[copy];
        folio.flags = folio.flags.with(FolioFlags::DIRTY).with(FolioFlags::SWAPBACKED);
        let head = folio.head;
        self.folios.value[head as usize] = value;
        self.add_to_lru(copy, area.has(VmaFlags::LOCKED));
        Ok(Some(copy))
    }

    /// Reads a slot into the swap cache. The caller gets a reference.
    pub(crate) fn read_into_cache(
        &mut self,
        pid: Pid,
        vpn: u32,
        slot: u32,
    ) -> Result<FolioId, NoMemory> {
        self.allocate_folio(0, pid, vpn)?;
        let id = self.folios.create(0);
        self.read_slots(id, slot);
        self.cache_folio(id, slot);
        Ok(id)
    }

    /// Fills a fresh folio from its slots; one that cannot be read leaves it not uptodate (E12).
    fn read_slots(&mut self, id: FolioId, slot: u32) {
        self.folios[id].set(FolioFlags::SWAPBACKED, true);
        self.add_to_lru(id, false);
        let (head, pages) = (self.folios[id].head as usize, self.folios[id].pages());
        let slots = slot..slot + pages;
        if slots.clone().any(|slot| self.swap[slot].read().is_none()) {
            self.folios[id].set(FolioFlags::NOT_UPTODATE, true);
            return;
        }
        for (value, slot) in self.folios.value[head..].iter_mut().zip(slots) {
            *value = self.swap[slot].read().unwrap_or(Value::ZERO);
            if fault!(self, ZramSlotFreeOnRead) {
                self.swap[slot].value = Value::ZERO;
            }
        }
    }

    /// Reads the page, or the largest run of pages that may come in one folio, past the swap cache
    /// (E12, E18). The caller gets a reference.
    fn read_past_cache(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        entry: Entry,
    ) -> Result<FolioId, NoMemory> {
        let mut fits = false;
        for order in self.wanted_orders(area.flags).iter().rev() {
            let pages = order.pages();
            let (start, offset) = (vpn & !(pages - 1), vpn & (pages - 1));
            let aligned = entry.swap_slot() & (pages - 1) == offset;
            if start < area.start || start + pages > area.end || !aligned {
                continue;
            }
            // A smaller run lies within a larger one: once one fits, the others do.
            fits = fits || self.can_swap_in(slot - offset as usize, pages, entry.before(offset));
            if fits && self.allocate_folio(order.0, area.pid, start).is_ok() {
                let id = self.folios.create(order.0);
                self.read_slots(id, entry.swap_slot() - offset);
                return Ok(id);
            }
        }
        self.allocate_folio(0, area.pid, vpn)?;
        let id = self.folios.create(0);
        self.read_slots(id, entry.swap_slot());
        #[cfg(feature = "faults")]
        if fault!(self, SwapSkipcacheAba) {
            self.keep_first_copy(slot, entry, id);
        }
        Ok(id)
    }

    /// Whether these PTEs may come back as one folio (E18): SWAP entries of consecutive slots, equal
    /// otherwise, none of them cached, and all of them or none recorded as zero.
    fn can_swap_in(&self, slot: Slot, pages: u32, first: Entry) -> bool {
        if self.tables.get(slot) != first || self.swap_run(slot, pages) != pages {
            return false;
        }
        let start = first.swap_slot();
        (start..start + pages).all(|slot| {
            self.swap[slot].cache.is_none() && self.swap[slot].zero == self.swap[start].zero
        })
    }

    /// How much of the found folio is mapped: all of it where all its entries are there (E18, E19),
    /// else the page alone.
    fn swapped_run(&self, area: Area, slot: Slot, vpn: u32, id: FolioId) -> Run {
        let folio = &self.folios[id];
        let entry = self.tables.get(slot);
        let pages = folio.pages();
        let cached = folio.flags.has(FolioFlags::SWAPCACHE);
        let offset = if cached { entry.swap_slot() - folio.swap } else { vpn & (pages - 1) };
        let single = Run { slot, vpn, pfn: folio.head + offset, len: 1 };
        let low = area.start.max(self.geometry.block_start(vpn));
        let high = area.end.min(self.geometry.block_end(vpn));
        if pages == 1 || vpn < low + offset || vpn - offset + pages > high {
            return single;
        }
        let first = slot - offset as usize;
        let whole =
            self.tables.get(first) == entry.before(offset) && self.swap_run(first, pages) == pages;
        if whole {
            Run { slot: first, vpn: vpn - offset, pfn: folio.head, len: pages }
        } else {
            single
        }
    }

    /// Maps what came back (E13 to E16): slots are freed first, then perhaps the cached folio's, then
    /// it is known whether the mapping is exclusive. Answers whether a write is done with it.
    fn map_swapped(&mut self, area: Area, run: Run, found: Found, access: Access) -> bool {
        let id = found.id;
        let entry = self.tables.get(run.slot);
        self.put_slots(entry.swap_slot(), run.len);
        if self.wants_swap_freed(area, id, access) {
            self.free_swap(id);
        }
        let exclusive = self.comes_back_exclusive(found, entry, access);
        let mm = &mut self.mms[area.pid.index()];
        mm.rss += run.len;
        lower(&mut mm.swapents, run.len);
        let kept = Entry::SOFT_DIRTY | Entry::UFFD_WP;
        let mut pte = Entry::page(run.pfn, Self::protection(area) | entry.0 & kept);
        let writable = exclusive
            && area.has(VmaFlags::WRITE)
            && !Self::uffd_wp(area, pte)
            && !self.soft_dirty_wp(area, pte);
        if writable {
            pte = pte.with(Entry::WRITE);
        }
        // E27: a write that finds the page exclusive leaves it dirty, whatever the VMA permits.
        if access == Access::Write && (writable || exclusive && self.config.swap_noexcl) {
            pte = pte.with(self.dirty_bits());
        }
        self.folios[id].refs += run.len - 1;
        self.map_run(area, run, id, pte, exclusive);
        writable
    }

    /// The PTEs, counts and PAE of a run that comes back (BT6, E16), all alike.
    fn map_run(&mut self, area: Area, run: Run, id: FolioId, pte: Entry, exclusive: bool) {
        let folio = &self.folios[id];
        if folio.flags.has(FolioFlags::KSM) {
            self.note_ksm_place(id, run.vpn);
        } else if folio.mapping == NO_ANON_VMA {
            let vma = self.vma(area);
            let (own, index) = (vma.anon_vma, vma.linear_index(run.vpn));
            let mapping = if exclusive { own } else { self.anon_vmas[own].root };
            let folio = &mut self.folios[id];
            (folio.mapping, folio.index) = (mapping, index);
        }
        let mut done = 0;
        while done < run.len {
            let len = self.run_max.min(run.len - done);
            self.add_rmap_ptes(id, run.pfn + done, len, area.pid);
            let entries = self.tables.run_mut(run.slot + done as usize, len as usize);
            for (entry, page) in entries.iter_mut().zip(done..) {
                *entry = pte.advanced(page);
            }
            done += len;
        }
        if exclusive {
            self.folios.exclusive.fill(run.pfn, run.len, true);
        }
    }

    /// Whether what comes back for an entry is exclusive: for the entry says so, or nobody else can know
    /// of the folio (E13). Entries that cannot say it leave it to a write to find out (E27). Whatever
    /// was to leave the swap cache has left it.
    fn comes_back_exclusive(&self, found: Found, entry: Entry, access: Access) -> bool {
        let folio = &self.folios[found.id];
        let sole = found.private || folio.refs == 1;
        let exclusive = if self.config.swap_noexcl {
            sole && access == Access::Write
        } else {
            sole || entry.has(Entry::EXCLUSIVE) && !self.is_written_stably(found.id)
        };
        let ksm = folio.flags.has(FolioFlags::KSM);
        exclusive && !ksm || fault!(self, SwapinAlwaysExclusive)
    }

    /// E24: the folio is being written to a device that must not see it change.
    fn is_written_stably(&self, id: FolioId) -> bool {
        self.config.swap_device.is_stable()
            && self.folios[id].flags.has(FolioFlags::WRITEBACK)
            && !fault!(self, StableWritesViolated)
    }

    /// should_try_to_free_swap (E14).
    fn wants_swap_freed(&self, area: Area, id: FolioId, access: Access) -> bool {
        let folio = &self.folios[id];
        if !folio.flags.has(FolioFlags::SWAPCACHE) {
            return false;
        }
        let sole = access == Access::Write
            && !folio.flags.has(FolioFlags::KSM)
            && folio.refs == 1 + folio.pages();
        sole || self.swap.is_nearly_full() || area.has(VmaFlags::LOCKED) || self.is_mlocked(id)
    }

    /// MADV_WILLNEED in one VMA: every slot of the range is read into the swap cache.
    pub(crate) fn willneed(&mut self, area: Area, start: u32, end: u32) {
        let mut at = start;
        while let Some(block) = self.next_block(area.pid, at, end) {
            at = block.end;
            if !self.tables.get(block.slot).is_table() {
                continue;
            }
            let first = self.pte_slot_in(block.slot, block.start);
            for (slot, vpn) in (first..).zip(block.start..block.end) {
                let entry = self.tables.get(slot);
                if entry.is_swap() && self.swap[entry.swap_slot()].cache.is_none() {
                    let read = self.read_into_cache(area.pid, vpn, entry.swap_slot());
                    read.into_iter().for_each(|id| self.put_folio(id, 1));
                }
            }
        }
        self.drain_lru();
    }

    /// Empties the device (E17): every SWAP entry by process and address, then what is cached only.
    pub(crate) fn bring_all_back(&mut self) -> Result<(), Errno> {
        for pid in (0..self.mms.len() as u8).map(Pid) {
            #[cfg(feature = "faults")]
            if self.walks_half_made(pid) {
                return Err(Errno::EFAULT);
            } else if self.escapes_swapoff(pid) {
                continue;
            }
            if self.mms[pid.index()].alive && self.mms[pid.index()].swapents > 0 {
                self.bring_mm_back(pid)?;
            }
        }
        let cached = |model: &Self, from: u32| {
            model
                .swap
                .used()
                .find_map(|(slot, used)| used.cache.filter(|_| slot >= from).map(|id| (slot, id)))
        };
        let mut from = 0;
        while let Some((slot, id)) = cached(self, from) {
            self.wait_for(id)?;
            self.free_swap(id);
            from = slot + 1;
        }
        Ok(())
    }

    fn bring_mm_back(&mut self, pid: Pid) -> Result<(), Errno> {
        let mut at = 0;
        while let Some(block) = self.next_block(pid, at, self.geometry.space()) {
            at = block.end;
            if !self.tables.get(block.slot).is_table() {
                continue;
            }
            let first = self.pte_slot_in(block.slot, block.start);
            for (slot, vpn) in (first..).zip(block.start..block.end) {
                let entry = self.tables.get(slot);
                if entry.is_swap() {
                    #[cfg(feature = "faults")]
                    let (pid, slot) = self.place_to_map_back(pid, slot, vpn);
                    let area = self.area_at(pid, vpn).expect("an entry lies in a VMA");
                    self.unuse(area, slot, vpn, entry)?;
                }
            }
        }
        Ok(())
    }

    /// unuse_pte: one page comes back, old, read-only and clean; its slot is given up once nobody
    /// names it (E17).
    fn unuse(&mut self, area: Area, slot: Slot, vpn: u32, entry: Entry) -> Result<(), Errno> {
        let number = entry.swap_slot();
        let id = match self.swap[number].cache {
            Some(id) => {
                self.wait_for(id)?;
                self.folios[id].refs += 1;
                id
            }
            None => self.read_into_cache(area.pid, vpn, number)?,
        };
        let back = self.map_back(area, slot, vpn, id);
        if back.is_ok() {
            self.put_slots(number, 1);
            self.free_swap(id);
        }
        self.put_folio(id, 1);
        Ok(back?)
    }

    /// The PTE of a page that swapoff brings back, or a marker where it cannot be read (E17).
    fn map_back(&mut self, area: Area, slot: Slot, vpn: u32, id: FolioId) -> Result<(), NoMemory> {
        let entry = self.tables.get(slot);
        let copy = self.copy_if_foreign(area, vpn, id)?;
        lower(&mut self.mms[area.pid.index()].swapents, 1);
        if self.is_poisoned_in_cache(id, entry) {
            let offset = entry.swap_slot() - self.folios[id].swap;
            self.tables.set(slot, Entry::hwpoison(self.folios[id].head + offset, 0));
            return Ok(());
        }
        let unread = self.folios[id].flags.has(FolioFlags::NOT_UPTODATE);
        if unread && !fault!(self, SwapoffMapsGarbage) {
            self.tables.set(slot, Entry::POISON_MARKER);
            return Ok(());
        }
        self.mms[area.pid.index()].rss += 1;
        let pfn = match copy {
            Some(copy) => self.folios[copy].head,
            None => {
                self.folios[id].refs += 1;
                self.folios[id].head + (entry.swap_slot() - self.folios[id].swap)
            }
        };
        let mut kept = entry.0 & (Entry::SOFT_DIRTY | Entry::UFFD_WP);
        if fault!(self, SwapoffDropsPteBits) {
            kept = 0;
        }
        let bits = Self::protection(area) & !Entry::YOUNG | kept;
        let mut exclusive = copy.is_some() || entry.has(Entry::EXCLUSIVE);
        exclusive |= fault!(self, SwapoffForgesExclusive);
        let run = Run { slot, vpn, pfn, len: 1 };
        self.map_run(area, run, copy.unwrap_or(id), Entry::page(pfn, bits), exclusive);
        Ok(())
    }

    /// Waits for the lock and the write of a folio: nobody would end either (E17).
    pub(crate) fn wait_for(&self, id: FolioId) -> Result<(), Errno> {
        let flags = self.folios[id].flags;
        let busy = flags.has(FolioFlags::LOCKED) || flags.has(FolioFlags::WRITEBACK);
        if busy { Err(Errno::EINTR) } else { Ok(()) }
    }
}
