//! Entries that are neither NONE nor present (S4e to S4j): what each walk does when it meets one.
//! The walks of `fault`, `fork`, `zap`, `protect` and `lazyfree` come here off their hot paths. What a
//! SWAP entry means for its slot is in `swap`; who makes MIGRATION and HWPOISON entries, and who
//! turns them back, is in the files of those areas.

use crate::entry::Entry;
use crate::fault::{Access, FaultError};
use crate::folio::lower;
use crate::model::Model;
use crate::table::Slot;
use crate::uffd::UffdWp;
use crate::vma::Area;
use crate::zap::Guards;
use mm_ops::{Pid, VmaFlags};

impl Model {
    /// A fault on a PTE that is neither NONE nor present (A5, A10, A15).
    #[cold]
    pub(crate) fn fault_nonpresent(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<(), FaultError> {
        let entry = self.tables.get(slot);
        let writes = access == Access::Write && !entry.has(Entry::WRITE) && !entry.is_marker();
        if writes && area.has(VmaFlags::UFFD_WP) && fault!(self, UffdWaitDecodesNonpresent) {
            return Err(FaultError::Blocked);
        }
        if entry.is_swap() {
            return self.swap_fault(area, slot, vpn, access);
        }
        if entry.is_guard() {
            return Err(FaultError::Segv);
        }
        if entry.is_uffd_marker() {
            if !area.has(VmaFlags::UFFD_WP) {
                self.tables.set(slot, Entry::NONE);
                return Ok(());
            }
            return self.fault_none(area, slot, vpn, access, Entry::UFFD_WP);
        }
        if entry.is_migration() {
            // The migrator holds the folio's lock as long as the entry stands (F11).
            return Err(FaultError::Blocked);
        }
        if entry.is_device() {
            return self.device_fault(area, slot, vpn);
        }
        Err(FaultError::Poisoned)
    }

    /// Copies a PTE that is not present to the child of a fork (C10 to C12, C14, C15).
    #[cold]
    pub(crate) fn copy_nonpresent(&mut self, child: Area, source: Slot, target: Slot) {
        let mut entry = self.tables.get(source);
        if entry.is_uffd_marker()
            && (!child.has(VmaFlags::UFFD_WP) || fault!(self, UffdForkMarkerLost))
        {
            return;
        }
        if entry.is_device() {
            return self.copy_device_private(child, source, target);
        }
        if entry.is_hwpoison() && fault!(self, ForkHwpoisonAsMigration) {
            entry = Entry::migration(entry.pfn(), 0);
            self.tables.set(source, entry);
            self.mms[child.pid.index()].rss += 1;
        } else if entry.is_migration() {
            if !fault!(self, ForkLeavesWritableMigration) {
                entry = entry.migration_downgraded(false);
            }
            if !fault!(self, ForkChildOnlyDowngrade) {
                self.tables.set(source, entry);
            }
            self.mms[child.pid.index()].rss += 1;
        } else if entry.is_swap() {
            if !fault!(self, ForkSwpExclusiveKept) {
                entry = entry.without(Entry::EXCLUSIVE);
            }
            self.tables.set(source, entry);
            self.duplicate_slot(entry.swap_slot());
            #[cfg(feature = "faults")]
            {
                self.remembered.inherited_swap[child.pid.index()] = true;
            }
            self.mms[child.pid.index()].swapents += 1;
        }
        self.tables.set(target, entry.without(Self::lost_in_fork(child)));
    }

    /// The bits that no entry of a child has (C4, C21).
    pub(crate) fn lost_in_fork(child: Area) -> u64 {
        if child.has(VmaFlags::UFFD_WP) { 0 } else { Entry::UFFD_WP }
    }

    /// Copies a MIGRATION PMD to the child of a fork (C11); a table is deposited for it already.
    pub(crate) fn copy_migration_leaf(&mut self, child: Area, source: Slot, target: Slot) {
        let entry = self.tables.get(source).migration_downgraded(false);
        self.tables.set(source, entry);
        self.tables.set(target, entry.without(Self::lost_in_fork(child)));
        self.mms[child.pid.index()].rss += self.geometry.ptes();
    }

    /// Takes away a PTE that is not present, and the run of SWAP entries that it begins, at most
    /// `room` (I2, I3). Answers how many went.
    #[cold]
    pub(crate) fn zap_nonpresent(
        &mut self,
        pid: Pid,
        slot: Slot,
        room: u32,
        guards: Guards,
    ) -> Option<u32> {
        let entry = self.tables.get(slot);
        if entry.is_guard() && guards == Guards::Keep {
            return None;
        }
        if entry.is_swap() {
            return Some(self.zap_swap(pid, slot, room));
        }
        if entry.is_device() {
            self.zap_device_pte(pid, slot);
            return Some(1);
        }
        if entry.is_migration() {
            lower(&mut self.mms[pid.index()].rss, 1);
        }
        self.tables.set(slot, Entry::NONE);
        Some(1)
    }

    /// MADV_FREE on a PTE that is not present, and the run of SWAP entries that it begins (I6).
    /// Answers how many entries are done.
    #[cold]
    pub(crate) fn free_nonpresent(&mut self, pid: Pid, slot: Slot, room: u32) -> u32 {
        let entry = self.tables.get(slot);
        if entry.is_swap() {
            return self.zap_swap(pid, slot, room);
        }
        if entry.is_hwpoison() || entry.is_poison_marker() {
            self.tables.set(slot, Entry::NONE);
        }
        1
    }

    /// What a change of protection makes of an entry that is not present, PTE or PMD (H5, H6).
    pub(crate) fn reprotected_nonpresent(&self, entry: Entry, wp: UffdWp) -> Entry {
        if entry.is_marker() {
            let resolved = entry.is_uffd_marker() && wp == UffdWp::Resolve;
            return if resolved { Entry::NONE } else { entry };
        }
        if entry.is_migration() && entry.has(Entry::WRITE) {
            let keeps = !fault!(self, MprotectMigrationLosesExclusive);
            return wp.on(entry.migration_downgraded(keeps).without(Entry::UFFD_WP));
        }
        #[cfg(feature = "faults")]
        if entry.is_swap() && fault!(self, MprotectSwapReadAsPfn) {
            return wp.on(self.typed_by_frame(entry));
        }
        wp.on(if entry.is_device() { self.reprotected_device(entry) } else { entry })
    }
}
