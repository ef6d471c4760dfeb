//! CPU faults on entries that a device left (N12, O7): the driver's callback brings the page back; a page
//! made exclusive is just mapped again.

use super::collect::Collector;
use crate::alloc::NoMemory;
use crate::fault::FaultError;
use crate::folio::FolioId;
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
            return self.private_fault(area, vpn, id);
        }
        if self.folios[id].flags.has(FolioFlags::LOCKED) {
            return Err(FaultError::Blocked);
        }
        self.notify(EventKind::Clear, area.pid, vpn, vpn + 1);
        self.restore_exclusive(area, slot);
        Ok(())
    }

    /// N12: the fault locks the page and refers to it while the driver migrates it; older kernels
    /// did neither, so that there a lock of somebody else's shows in the callback.
    fn private_fault(&mut self, area: Area, vpn: u32, id: FolioId) -> Result<(), FaultError> {
        let Some(device) = self.folios[id].device() else {
            debug_assert!(self.is_faulty(), "INV23: a device's page");
            return Err(FaultError::Bus);
        };
        let fault = (!self.config.migdev_old).then_some(id);
        if fault.is_some() {
            if !self.try_lock(id) {
                return Err(FaultError::Blocked);
            }
            self.folios[id].refs += 1;
        }
        let migrated = self.migrate_to_ram(area, vpn, device, fault);
        if fault.is_some() {
            self.release_source(id, None);
        }
        match migrated {
            Ok(true) => Ok(()),
            Ok(false) => Err(FaultError::Blocked),
            Err(NoMemory) => Err(FaultError::Bus),
        }
    }

    /// The driver's migrate_to_ram of one page. Answers whether the page came.
    fn migrate_to_ram(
        &mut self,
        area: Area,
        vpn: u32,
        device: Device,
        fault: Option<FolioId>,
    ) -> Result<bool, NoMemory> {
        let select = DevSelect { system: false, private: true };
        let collector = Collector { device, select, fault };
        let mut migration = self.set_up(area, PageRange::new(vpn, 1), collector);
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
