//! CPU faults on entries that a device left (N12, O7): the driver's callback brings the page back; a page
//! made exclusive is just mapped again.

use super::collect::Collector;
use crate::alloc::NoMemory;
use crate::entry::Pfn;
use crate::fault::FaultError;
use crate::model::Model;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{DevSelect, Device, EventKind, FolioFlags, PageRange};

impl Model {
    /// A fault on a DEVPRIV or DEVEXCL PTE. The access is tried again when it is handled.
    #[cold]
    pub(crate) fn device_fault(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
    ) -> Result<(), FaultError> {
        let entry = self.tables.get(slot);
        let id = self.folios.of(entry.pfn());
        if entry.is_device_private() {
            return self.private_fault(area, PageRange::new(vpn, 1), entry.pfn());
        }
        if self.folios[id].flags.has(FolioFlags::LOCKED) {
            return Err(FaultError::Blocked);
        }
        self.notify(EventKind::Clear, area.pid, vpn, vpn + 1);
        self.restore_exclusive(area, slot);
        Ok(())
    }

    /// A fault on a DEVPRIV PMD: the whole block comes back, or where memory lacks for that it is split, and
    /// the fault goes on with a PTE. Answers whether it is handled.
    #[cold]
    pub(crate) fn device_leaf_fault(
        &mut self,
        area: Area,
        pmd: Slot,
        vpn: u32,
    ) -> Result<bool, FaultError> {
        let block = PageRange::new(self.geometry.block_start(vpn), self.geometry.ptes());
        match self.private_fault(area, block, self.tables.get(pmd).pfn()) {
            Ok(()) => Ok(true),
            Err(FaultError::Bus) => {
                self.split_leaf(area, pmd);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// N12: the fault locks the page and refers to it while the driver migrates it; older kernels
    /// did neither, so that there a lock of somebody else's shows in the callback.
    fn private_fault(&mut self, area: Area, range: PageRange, pfn: Pfn) -> Result<(), FaultError> {
        let id = self.folios.of(pfn);
        let Some(device) = self.folios[id].device() else {
            debug_assert!(self.is_faulty(), "INV23: a device's page");
            return Err(FaultError::Bus);
        };
        let fault = (!self.config.migdev_old).then_some(pfn);
        if fault.is_some() {
            if !self.try_lock(id) && !fault!(self, DevprivateFaultNoRef) {
                return Err(FaultError::Blocked);
            }
            self.folios[id].refs += 1;
        }
        let migrated = self.migrate_to_ram(area, range, device, fault);
        if fault.is_some() {
            // Perhaps of a piece now.
            self.release_source(self.folios.of(pfn), None);
        }
        match migrated {
            Ok(true) => Ok(()),
            Ok(false) => Err(FaultError::Blocked),
            Err(NoMemory) => Err(FaultError::Bus),
        }
    }

    /// The driver's migrate_to_ram of a page or a block. Answers whether it came.
    fn migrate_to_ram(
        &mut self,
        area: Area,
        range: PageRange,
        device: Device,
        fault: Option<Pfn>,
    ) -> Result<bool, NoMemory> {
        let select = DevSelect { system: false, private: true };
        let collector = Collector { device, select, fault };
        let mut migration = self.set_up(area, range, collector);
        if migration.to_migrate() == 0 {
            return Ok(false);
        }
        self.fill_destinations(&mut migration, false);
        let failed = migration.words.iter().all(|word| word.to.is_none());
        self.migrate_pages(&mut migration);
        let migrated = migration.to_migrate() > 0;
        self.finalize(&migration);
        if failed { Err(NoMemory) } else { Ok(migrated) }
    }
}
