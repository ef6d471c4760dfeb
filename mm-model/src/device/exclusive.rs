//! Device-exclusive access (rulebook area O): a page that stays where it is, but that the CPU cannot reach
//! until it faults; in three versions ([`DevExclusiveMode`]).

use crate::circumstances::{Circumstance, Held};
use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::Model;
use crate::race::Point;
use crate::rmap_walk::{RmapRange, RmapRun, Want};
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{DevExclusiveMode, Device, Errno, EventKind, FolioFlags, PageRange, Pid, Token, Vpn};

/// The page that a device wants, found by GUP.
#[derive(Clone, Copy)]
struct Wanted {
    device: Device,
    pid: Pid,
    vpn: u32,
    pfn: Pfn,
}

impl Model {
    /// The operation `dev_exclusive` (O1).
    pub(super) fn dev_exclusive(
        &mut self,
        device: Device,
        pid: Pid,
        vpn: Vpn,
        token: Token,
    ) -> Result<(), Errno> {
        self.check_unused(token)?;
        let pfn = self.grab_for_device(pid, vpn)?;
        if fault!(self, DevexclSecondWalkSkipped) && pfn == crate::gup::ZERO_FRAME {
            return Err(Errno::EBUSY);
        }
        let id = self.folios.of(pfn);
        let mode = self.config.dev_exclusive;
        if !self.try_lock(id) {
            self.put_grabbed(pfn);
            // One sleeps, killably; the others do not wait.
            let waits = mode == DevExclusiveMode::Current;
            return Err(if waits { Errno::EINTR } else { Errno::EBUSY });
        }
        let wanted = Wanted { device, pid, vpn: vpn.0, pfn };
        let done = match mode {
            DevExclusiveMode::Walk => self.exclude_folio(id, wanted),
            DevExclusiveMode::Current | DevExclusiveMode::Folio => self.exclude_page(wanted),
        };
        if !done {
            self.folios[id].set(FolioFlags::LOCKED, false);
            self.put_grabbed(pfn);
            return Err(Errno::EBUSY);
        }
        self.devices.learn(device, pid, vpn.0, pfn, true);
        let held = Held::DevExclusive;
        self.tokens[token.index()] = Some(Circumstance { held, folio: Some(id) });
        Ok(())
    }

    /// O2, O3: the page is looked at once more, now that devices know. Answers whether it was there.
    fn exclude_page(&mut self, wanted: Wanted) -> bool {
        let Wanted { device, pid, vpn, pfn } = wanted;
        self.notify_owned(EventKind::Exclusive, pid, PageRange::new(vpn, 1), device);
        let Some((slot, entry)) = self.find_entry(pid, vpn) else {
            return false;
        };
        // Nobody with locks comes between the two looks here, so nothing is tried again.
        let same = entry.has_folio() && !entry.is_huge() && entry.pfn() == pfn;
        let writable = entry.has(Entry::WRITE) || fault!(self, DevexclSecondWalkSkipped);
        if !same || !writable {
            return false;
        }
        self.exclude_pte(pid, slot, vpn);
        true
    }

    /// O3 for one PTE: young is lost, and uwp where the kind is WRITABLE; the reference is the
    /// entry's now. Older kernels take the mapping away.
    fn exclude_pte(&mut self, pid: Pid, slot: Slot, vpn: u32) {
        let entry = self.tables.get(slot);
        let id = self.folios.of(entry.pfn());
        self.blink(slot, Point::ExclusiveCleared);
        self.flush_tlb(pid, vpn, vpn + 1);
        if entry.has(Entry::DIRTY) {
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        let mut kept = Entry::WRITE | Entry::SOFT_DIRTY | Entry::UFFD_WP;
        if fault!(self, DevexclSoftdirtyLost) {
            kept &= !Entry::SOFT_DIRTY;
        }
        let head = self.folios[id].head;
        let named = if fault!(self, DevexclWrongSubpage) { head } else { entry.pfn() };
        self.tables.set(slot, Entry::device_exclusive(named, entry.0 & kept));
        if !self.exclusive_maps() || fault!(self, DevexclDropsMapcount) {
            let unmapped = self.remove_rmap_ptes(id, entry.pfn(), 1, pid);
            self.note_partial_unmap(id, unmapped);
        }
    }

    /// DX-WALK: all of the folio in every VMA that may map it (O4). Answers whether the page wanted is
    /// among it and nothing maps the folio any more; what was converted stays so.
    fn exclude_folio(&mut self, id: FolioId, wanted: Wanted) -> bool {
        let mut valid = false;
        for range in self.rmap_ranges(id) {
            let end = (range.start + self.folios[id].pages()).min(range.area.end);
            let told = PageRange::new(range.start, end - range.start);
            self.notify_owned(EventKind::Exclusive, range.area.pid, told, wanted.device);
            let Some(found) = self.exclude_in_vma(id, &range, wanted) else {
                return false;
            };
            valid |= found;
            if self.folios.mapcount_of(id) == 0 {
                break;
            }
        }
        valid && self.folios.mapcount_of(id) == 0
    }

    /// The same in one VMA. Answers whether the page wanted was there, writable; `None` where the walk
    /// met what it cannot convert.
    fn exclude_in_vma(&mut self, id: FolioId, range: &RmapRange, wanted: Wanted) -> Option<bool> {
        let (head, pid) = (self.folios[id].head, range.area.pid);
        let mut valid = false;
        let mut done = 0;
        while let Some(run) = self.next_rmap_run(head, range, done, Want::Reached) {
            let RmapRun { slot, vpn, leaf, .. } = run;
            let entry = self.tables.get(slot);
            if leaf || !entry.is_present() {
                return None;
            }
            valid |= (pid, vpn) == (wanted.pid, wanted.vpn) && entry.has(Entry::WRITE);
            self.exclude_pte(pid, slot, vpn);
            done = vpn + 1 - range.start;
        }
        Some(valid)
    }

    /// restore_exclusive_pte (O8): the page is mapped again, old.
    pub(super) fn restore_exclusive(&mut self, area: Area, slot: Slot) {
        let old = self.tables.get(slot);
        let pfn = old.pfn();
        let id = self.folios.of(pfn);
        let kept = old.0 & (Entry::SOFT_DIRTY | Entry::UFFD_WP);
        let mut entry = Entry::page(pfn, Self::protection(area) & !Entry::YOUNG | kept);
        if self.exclusive_maps() {
            let blindly = fault!(self, DevexclRestoreWritableBlindly);
            if self.can_be_writable(area, entry) || blindly {
                let dirty = self.folios[id].flags.has(FolioFlags::DIRTY);
                entry = entry.with(Entry::WRITE | if dirty { self.dirty_bits() } else { 0 });
            }
        } else {
            if old.has(Entry::WRITE) && !old.has(Entry::UFFD_WP) {
                entry = entry.with(self.dirty_bits() | Self::write_bit(area));
            }
            self.add_rmap_ptes(id, pfn, 1, area.pid);
        }
        self.tables.set(slot, entry);
    }
}
