//! What happens to DEVPRIV and DEVEXCL entries in other areas' walks (N17): migration and its end, fork,
//! changes of protection, zaps. Those walks come here off their hot paths.

use crate::entry::{Entry, Pfn};
use crate::folio::{FolioId, lower};
use crate::model::Model;
use crate::race::Point;
use crate::rmap_walk::RmapRun;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{DevExclusiveMode, FolioFlags, Pid};

impl Model {
    /// Whether a DEVEXCL entry counts as a mapping: older kernels gave it up (O3, O13).
    pub(crate) fn exclusive_maps(&self) -> bool {
        self.config.dev_exclusive == DevExclusiveMode::Current
    }

    /// Whether a MIGRATION or DEVEXCL entry names a folio that nothing may map.
    pub(crate) fn is_exclusive_unmapped(&self, id: FolioId) -> bool {
        let held = self.folios[id].refs > 0 && !self.exclusive_maps();
        held && self.any_in_rmap(id, crate::rmap_walk::Want::Reached)
    }

    /// F3 for a run of DEVPRIV or DEVEXCL PTEs: no CPU has a translation of them, and nothing is
    /// carried but soft-dirty and uwp. Answers whether all of it was unmapped.
    pub(crate) fn migrate_device_ptes(&mut self, id: FolioId, pid: Pid, run: &RmapRun) -> bool {
        let first = self.folios[id].head + run.page;
        for (slot, pfn) in (run.slot..).zip(first..first + run.len) {
            if self.folios.poisoned.get(pfn) {
                self.poison_ptes(pid, slot, pfn, 1);
                self.unmap_singly(id, pfn, 1, pid);
                continue;
            }
            let entry = self.tables.get(slot);
            let looked_at = if fault!(self, DevprivateWrongSubpageFlag) { pfn ^ 1 } else { pfn };
            let exclusive = self.folios.exclusive.get(looked_at);
            self.blink(slot, Point::MigrateCleared);
            if exclusive && self.folios[id].maybe_pinned() {
                return false;
            }
            self.folios.exclusive.fill(pfn, 1, false);
            self.yield_point(Point::MigrateShared);
            let write = entry.is_device_private() && entry.has(Entry::WRITE);
            let kind = match (write, exclusive) {
                (true, _) => Entry::WRITE,
                (false, true) => Entry::EXCLUSIVE,
                (false, false) => 0,
            };
            let kept = entry.0 & (Entry::SOFT_DIRTY | Entry::UFFD_WP);
            self.tables.set(slot, Entry::migration(pfn, kept | kind));
            self.yield_point(Point::MigrateReplaced);
            self.unmap_singly(id, pfn, 1, pid);
        }
        true
    }

    /// F8 where the folio is a device's (N9): DEVPRIV, of kind WRITE where the entry was.
    pub(crate) fn restore_device_ptes(&mut self, area: Area, slot: Slot, pfn: Pfn, len: u32) {
        let id = self.folios.of(pfn);
        let kept = Entry::WRITE | Entry::SOFT_DIRTY | Entry::UFFD_WP;
        for (entry, pfn) in self.tables.run_mut(slot, len as usize).iter_mut().zip(pfn..) {
            let exclusive = entry.0 & (Entry::WRITE | Entry::EXCLUSIVE) != 0;
            *entry = Entry::device_private(pfn, entry.0 & kept);
            self.folios.exclusive.fill(pfn, 1, exclusive);
        }
        self.add_rmap_ptes(id, pfn, len, area.pid);
        self.folios[id].refs += len;
    }

    /// The same of a PMD (F4).
    pub(crate) fn restore_device_leaf(&mut self, area: Area, pmd: Slot, head: Pfn) {
        let entry = self.tables.get(pmd);
        let id = self.folios.of(head);
        let kept = Entry::WRITE | Entry::SOFT_DIRTY | Entry::UFFD_WP;
        self.tables.set(pmd, Entry::device_private_leaf(head, entry.0 & kept));
        let exclusive = entry.0 & (Entry::WRITE | Entry::EXCLUSIVE) != 0;
        self.folios.exclusive.fill(head, 1, exclusive);
        self.add_rmap_pmd(id, area.pid);
        self.folios[id].refs += 1;
    }

    /// C12: both processes have the page, neither may write it.
    pub(crate) fn copy_device_private(&mut self, child: Area, source: Slot, target: Slot) {
        let mut entry = self.tables.get(source);
        let (pfn, pid) = (entry.pfn(), child.pid);
        let id = self.folios.of(pfn);
        self.folios[id].refs += 1;
        self.add_rmap_ptes(id, pfn, 1, pid);
        self.mms[pid.index()].rss += 1;
        // A DEVEXCL entry comes here by mistake alone.
        let kept = fault!(self, ForkDevprivateKeepsExclusive) || entry.is_device_exclusive();
        if !kept {
            self.folios.exclusive.fill(pfn, 1, false);
        }
        if entry.has(Entry::WRITE) && !kept {
            entry = entry.without(Entry::WRITE | Entry::SOFT_DIRTY);
            self.tables.set(source, entry);
        }
        self.tables.set(target, entry.without(Self::lost_in_fork(child)));
    }

    /// C12 for a PMD; a table is deposited for the child's already.
    pub(crate) fn copy_device_leaf(&mut self, child: Area, source: Slot, target: Slot) {
        let entry = self.reprotected_device(self.tables.get(source));
        let id = self.folios.of(entry.pfn());
        self.folios[id].refs += 1;
        self.add_rmap_pmd(id, child.pid);
        self.mms[child.pid.index()].rss += self.geometry.ptes();
        self.folios.exclusive.fill(entry.pfn(), 1, false);
        self.tables.set(source, entry);
        self.tables.set(target, entry.without(Self::lost_in_fork(child)));
    }

    /// C13: the page is mapped again before it is shared. Answers `false` if somebody has its lock.
    pub(crate) fn restore_for_fork(&mut self, parent: Area, source: Slot) -> bool {
        let id = self.folios.of(self.tables.get(source).pfn());
        if self.folios[id].flags.has(FolioFlags::LOCKED) {
            return false;
        }
        self.restore_exclusive(parent, source);
        true
    }

    /// A change of protection (H6): DEVPRIV loses WRITE, and soft-dirty with it; DEVEXCL only did so
    /// in older kernels (O15). uwp is the caller's.
    pub(crate) fn reprotected_device(&self, entry: Entry) -> Entry {
        if entry.is_device_exclusive() {
            return if self.exclusive_maps() { entry } else { entry.without(Entry::WRITE) };
        }
        if fault!(self, DevprivatePmdMprotectDropsUffdwp) && entry.is_huge() {
            return entry.without(Entry::WRITE | Entry::SOFT_DIRTY | Entry::UFFD_WP);
        }
        if entry.has(Entry::WRITE) {
            entry.without(Entry::WRITE | Entry::SOFT_DIRTY)
        } else {
            entry
        }
    }

    /// I2: one DEVPRIV or DEVEXCL PTE goes.
    pub(crate) fn zap_device_pte(&mut self, pid: Pid, slot: Slot) {
        let entry = self.tables.get(slot);
        let id = self.folios.of(entry.pfn());
        self.tables.set(slot, Entry::NONE);
        lower(&mut self.mms[pid.index()].rss, 1);
        if entry.is_device_private() || self.exclusive_maps() {
            let unmapped = self.remove_rmap_ptes(id, entry.pfn(), 1, pid);
            self.note_partial_unmap(id, unmapped);
        }
        self.put_folio(id, 1);
    }
}
