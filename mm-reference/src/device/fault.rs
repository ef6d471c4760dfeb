//! A CPU access to a page in a device's memory (N12): the driver is called, and migrates it back.

use mm_ops::{DevSelect, PageRange, Pid};

use super::{DevMigration, Migrator};
use crate::coverage::rule;
use crate::fault::Fault;
use crate::state::{FolioId, Mapped, Pte, Reference};

/// What the driver's callback takes: its own pages.
pub(super) const OWN: DevSelect = DevSelect { system: false, private: true };

impl Reference {
    /// N12 for a PTE. Whatever the fault then finds there it goes on with.
    pub(crate) fn device_fault(&mut self, pid: Pid, vpn: u32) -> Result<(), Fault> {
        let Pte::DevPrivate(Mapped { folio, .. }) = self.pte(pid, vpn) else { return Ok(()) };
        self.migrate_to_ram(pid, PageRange::new(vpn, 1), folio)
    }

    /// migrate_to_ram: `folio` is where the access went. The fault itself has its lock and a reference, which the
    /// migration knows of (fault_page), so neither is represented here. Older kernels had neither
    /// (N15 (d)): there the driver is called for a locked page, too, cannot collect it, and the fault
    /// is taken again and again.
    pub(super) fn migrate_to_ram(
        &mut self,
        pid: Pid,
        range: PageRange,
        folio: FolioId,
    ) -> Result<(), Fault> {
        let Some(device) = self.device_of(folio) else { return Ok(()) };
        let old = self.config.migdev_old;
        if !old && self.locked(folio) {
            rule!(self.coverage, N12, 0);
            return Err(Fault::Blocked);
        }
        if old {
            rule!(self.coverage, N15, 3);
        }
        debug_assert!(self.vma(pid, range.start).is_some(), "a fault lies in a VMA");
        let name = Migrator::Callback;
        self.setup(name, DevMigration::new(device, pid, range), OWN);
        if self.dev_migration(name).count() == 0 {
            rule!(self.coverage, N12, 1);
            self.finalize(name);
            return Err(Fault::Blocked);
        }
        self.allocate_and_copy(name, false);
        let allocated = self.dev_migration(name).words.iter().any(|word| word.to.is_some());
        if allocated {
            self.migrate_pages(name, false);
        }
        self.finalize(name);
        rule!(self.coverage, N12, if allocated { 2 } else { 3 });
        if allocated { Ok(()) } else { Err(Fault::Bus) }
    }
}
