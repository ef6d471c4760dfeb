//! CPU accesses and page faults (rulebook area A): the order of a fault's work, fresh pages, the
//! zero page, NUMA hints. Faults on a page that is there but not writable go to `cow`; PMD-level
//! work is in `thp`.

use crate::alloc::NoMemory;
use crate::entry::Entry;
use crate::model::Model;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{Order, OrderSet, Outcome, Pid, Value, VmaFlags, Vpn};

/// What a fault asks for. UNSHARE happens only inside GUP (D5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    Unshare,
}

/// Why a fault could not be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultError {
    NoMemory,
    /// A GUARD marker.
    Segv,
    /// A page that cannot be read (E12), or a fault that userfaultfd delivers (A2, B1): by SIGBUS.
    Bus,
    /// A HWPOISON entry or a POISONED marker (A5, A10).
    Poisoned,
    /// Sleeps on a folio lock that nobody releases (B13).
    Blocked,
}

impl From<NoMemory> for FaultError {
    fn from(NoMemory: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// Most faults that one access can need: a hint, a PMD split, a copy, and one to spare for each.
const FAULTS_MAX: u32 = 8;

impl Model {
    /// The operations `read` and `write`: faults until the entry permits the access, then the
    /// hardware sets its bits.
    pub(crate) fn cpu_access(&mut self, pid: Pid, vpn: Vpn, store: Option<Value>) -> Outcome {
        let Some(area) = self.area_at(pid, vpn.0) else {
            return Outcome::Segv;
        };
        // A11: the rights are tested before any fault is handled.
        let permitted = if store.is_some() { area.has(VmaFlags::WRITE) } else { area.accessible() };
        if !permitted {
            return Outcome::Segv;
        }
        let access = if store.is_some() { Access::Write } else { Access::Read };
        for _ in 0..FAULTS_MAX {
            if let Some((slot, entry)) = self.permitting_entry(area, vpn.0, access) {
                return self.finish_access(slot, entry, vpn.0, store);
            }
            match self.handle_fault(area, vpn.0, access) {
                Ok(()) => {}
                Err(FaultError::NoMemory) => return Outcome::Oom,
                Err(FaultError::Segv) => return Outcome::Segv,
                Err(FaultError::Bus | FaultError::Poisoned) => return Outcome::Bus,
                Err(FaultError::Blocked) => return Outcome::Blocked,
            }
        }
        debug_assert!(self.is_faulty(), "every fault makes progress");
        Outcome::Bus
    }

    /// The entry of a page, if the hardware lets this access pass.
    #[inline]
    fn permitting_entry(&self, area: Area, vpn: u32, access: Access) -> Option<(Slot, Entry)> {
        let (slot, entry) = self.find_entry(area.pid, vpn)?;
        let permits = entry.is_present()
            && !entry.has(Entry::PROTNONE)
            && (access == Access::Read || entry.has(Entry::WRITE));
        permits.then_some((slot, entry))
    }

    fn finish_access(
        &mut self,
        slot: Slot,
        entry: Entry,
        vpn: u32,
        store: Option<Value>,
    ) -> Outcome {
        let bits = if store.is_some() { Entry::YOUNG | Entry::DIRTY } else { Entry::YOUNG };
        self.tables.set(slot, entry.with(bits));
        match store {
            Some(value) => {
                self.store(entry, vpn, value);
                Outcome::Ok
            }
            None => Outcome::Value(self.load(entry, vpn)),
        }
    }

    /// What the page that an entry maps at `vpn` holds.
    pub(crate) fn load(&self, entry: Entry, vpn: u32) -> Value {
        if entry.is_zero() {
            #[cfg(feature = "faults")]
            return self.remembered.zero_page;
            #[cfg(not(feature = "faults"))]
            return Value::ZERO;
        }
        self.folios.value[self.frame_at(entry, vpn) as usize]
    }

    /// Writes the page that an entry maps at `vpn`. Zero is zero, whoever wrote it.
    pub(crate) fn store(&mut self, entry: Entry, vpn: u32, value: Value) {
        let value = if value.is_zero() { Value::ZERO } else { value };
        if entry.is_zero() {
            debug_assert!(self.is_faulty(), "INV7: the zero page is never written");
            #[cfg(feature = "faults")]
            {
                self.remembered.zero_page = value;
            }
            return;
        }
        let frame = self.frame_at(entry, vpn) as usize;
        if fault!(self, Canary) && !self.folios.value[frame].is_zero() && !value.is_zero() {
            self.folios.value[frame] = Value { label: value.label ^ 1, ..value };
            return;
        }
        self.folios.value[frame] = value;
    }

    /// The frame of a page mapped by a PTE or a PMD leaf.
    pub(crate) fn frame_at(&self, entry: Entry, vpn: u32) -> u32 {
        let offset = if entry.is_huge() { self.geometry.pte_index(vpn) as u32 } else { 0 };
        entry.pfn() + offset
    }

    /// The flag bits that a VMA's protection gives a new entry (S18).
    pub(crate) fn protection(area: Area) -> u64 {
        if area.accessible() { Entry::YOUNG } else { Entry::YOUNG | Entry::PROTNONE }
    }

    /// The write bit, if the VMA has WRITE.
    pub(crate) fn write_bit(area: Area) -> u64 {
        if area.has(VmaFlags::WRITE) { Entry::WRITE } else { 0 }
    }

    /// One fault: the PMD level (A14), then the PTE level (A15).
    pub(crate) fn handle_fault(
        &mut self,
        area: Area,
        vpn: u32,
        access: Access,
    ) -> Result<(), FaultError> {
        let pmd = self.pmd_slot_alloc(area.pid, vpn)?;
        if self.fault_pmd(area, pmd, vpn, access)? {
            return Ok(());
        }
        // A PMD split or fallback continues here, in the same fault.
        let entry = self.tables.get(pmd);
        let slot = if entry.is_none() {
            self.pte_slot_alloc(area.pid, pmd, vpn)?
        } else {
            self.pte_slot_in(pmd, vpn)
        };
        let entry = self.tables.get(slot);
        if entry.is_none() {
            return self.fault_none(area, slot, vpn, access, 0);
        }
        if !entry.is_present() {
            return self.fault_nonpresent(area, slot, vpn, access);
        }
        if entry.has(Entry::PROTNONE) && area.accessible() {
            self.numa_fault_pte(area, slot, vpn);
        } else if access != Access::Read && !entry.has(Entry::WRITE) {
            return self.wp_fault(area, slot, vpn, access);
        } else {
            // A9: spurious.
            let dirty = if access == Access::Write { self.dirty_bits() } else { 0 };
            self.tables.set(slot, entry.with(Entry::YOUNG | dirty));
        }
        Ok(())
    }

    /// A fault on a PTE that is NONE (A1, A3), or a marker that leaves the new entry the bit
    /// `uffd_wp` (A5). UNSHARE is a read fault here (A15).
    pub(crate) fn fault_none(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        access: Access,
        uffd_wp: u64,
    ) -> Result<(), FaultError> {
        let missing = area.has(VmaFlags::UFFD_MISSING);
        if access != Access::Write {
            if missing {
                return Err(FaultError::Bus); // A2
            }
            self.tables.set(slot, Entry::zero_page(Self::protection(area) | uffd_wp));
            return Ok(());
        }
        self.prepare_anon_vma(area.pid, area.index)?;
        let (order, start) = self.allocate_fresh(area, slot, vpn)?;
        if missing {
            return Err(FaultError::Bus); // A16: the folio is given back
        }
        let id = self.folios.create(order);
        let first = slot - (vpn - start) as usize;
        let dirty = if area.has(VmaFlags::WRITE) { self.dirty_bits() } else { 0 };
        let write = if uffd_wp == 0 { Self::write_bit(area) } else { 0 };
        let bits = Self::protection(area) | write | dirty | uffd_wp;
        self.map_fresh(area, first, start, id, bits);
        Ok(())
    }

    /// Chooses and allocates the folio of a fresh write fault (A6): the largest enabled order whose
    /// block lies in the VMA and is all NONE, then downwards, at last order 0. Answers the order
    /// and the first page.
    fn allocate_fresh(&mut self, area: Area, slot: Slot, vpn: u32) -> Result<(u8, u32), NoMemory> {
        let orders = self.wanted_orders(area.flags);
        let mut blocked = true;
        for order in orders.iter().rev() {
            let pages = order.pages();
            let start = vpn & !(pages - 1);
            if start < area.start || start + pages > area.end {
                continue;
            }
            if blocked {
                // A smaller block lies within a larger one: once one is free, the others are.
                let first = slot - (vpn - start) as usize;
                blocked = !self.tables.run(first, pages as usize).iter().all(|e| e.is_none());
                if blocked {
                    continue;
                }
            }
            if self.allocate_folio(order.0, area.pid, start).is_ok() {
                return Ok((order.0, start));
            }
        }
        self.allocate_folio(0, area.pid, vpn)?;
        Ok((0, vpn))
    }

    /// The orders a VMA may get by PTEs (A6).
    pub(crate) fn wanted_orders(&self, flags: VmaFlags) -> OrderSet {
        let single = VmaFlags::NOHUGEPAGE.with(VmaFlags::UFFD_MISSING).with(VmaFlags::UFFD_WP);
        if flags.0 & single.0 != 0 {
            return OrderSet::EMPTY;
        }
        let set = if flags.has(VmaFlags::HUGEPAGE) {
            self.thp.always.union(self.thp.madvise)
        } else {
            self.thp.always
        };
        // Orders 0 and 1 are no choice, and the PMD order is A7's.
        OrderSet(set.0 & !0b11 & ((1u16 << self.geometry.shift) - 1))
    }

    /// Whether a VMA wants folios of the PMD order (A7).
    pub(crate) fn wants_pmd_order(&self, flags: VmaFlags) -> bool {
        let order = Order(self.geometry.shift as u8);
        !flags.has(VmaFlags::NOHUGEPAGE)
            && (self.thp.always.contains(order)
                || (flags.has(VmaFlags::HUGEPAGE) && self.thp.madvise.contains(order)))
    }

    /// Maps a fresh folio by PTEs (A3): every page exclusive, all in one go.
    pub(crate) fn map_fresh(&mut self, area: Area, slot: Slot, vpn: u32, id: u32, bits: u64) {
        let folio = &self.folios[id];
        let (head, pages) = (folio.head, folio.pages());
        self.adopt_fresh(area, id, vpn);
        let mut done = 0;
        while done < pages {
            let len = self.run_max.min(pages - done);
            self.add_rmap_ptes(id, head + done, len, area.pid);
            self.mms[area.pid.index()].rss += len;
            let run = self.tables.run_mut(slot + done as usize, len as usize);
            for (entry, pfn) in run.iter_mut().zip(head + done..) {
                *entry = Entry::page(pfn, bits);
            }
            done += len;
        }
        if !self.is_anonmm() && !fault!(self, FreshAnonNotExclusive) {
            self.folios.exclusive.fill(head, pages, true);
        }
        self.folios[id].refs += pages - 1;
        self.add_to_lru(id, area.has(VmaFlags::LOCKED));
    }

    /// A NUMA hint fault on a PTE (A12): of a large folio all hinted PTEs within the VMA and the
    /// table get their protection back. Nothing is ever misplaced, so nothing migrates.
    fn numa_fault_pte(&mut self, area: Area, slot: Slot, vpn: u32) {
        let entry = self.tables.get(slot);
        if !entry.has_folio() {
            self.tables.set(slot, self.rebuilt(area, entry));
            return;
        }
        let id = self.folios.of(entry.pfn());
        let folio = &self.folios[id];
        let before = (entry.pfn().saturating_sub(folio.head))
            .min(vpn - area.start)
            .min(self.geometry.pte_index(vpn) as u32);
        let behind = ((folio.head + folio.pages()).saturating_sub(entry.pfn()).max(1))
            .min(area.end - vpn)
            .min(self.geometry.ptes() - self.geometry.pte_index(vpn) as u32);
        for slot in slot - before as usize..slot + behind as usize {
            let entry = self.tables.get(slot);
            let hinted = entry.has_folio() && entry.has(Entry::PROTNONE);
            if hinted && self.folios.of(entry.pfn()) == id {
                self.tables.set(slot, self.rebuilt(area, entry));
            }
        }
    }

    /// An entry with the VMA's protection instead of a hint, young, and writable if H3 allows.
    pub(crate) fn rebuilt(&self, area: Area, entry: Entry) -> Entry {
        let entry = entry.without(Entry::PROTNONE | Entry::WRITE).with(Self::protection(area));
        if self.can_be_writable(area, entry) { entry.with(Entry::WRITE) } else { entry }
    }

    /// can_change_pte_writable of a private VMA (H3); for a leaf the head page counts.
    pub(crate) fn can_be_writable(&self, area: Area, entry: Entry) -> bool {
        area.has(VmaFlags::WRITE)
            && !entry.has(Entry::PROTNONE)
            && !self.soft_dirty_wp(area, entry)
            && !Self::uffd_wp(area, entry)
            && entry.has_folio()
            && self.folios.exclusive.get(entry.pfn())
    }
}
