//! Device memory and device-exclusive access (rulebook areas N and O): the operations of drivers, and the
//! memory that devices have. `migrate_vma` takes pages to a device and back (`collect` is its first
//! half), `fault` is the callback of a CPU fault on a page that is there, `exclusive` gives a device a page
//! that stays where it is, `notifier` has the devices' own translations and what makes them lose
//! one, `entries` says what everybody else does with the entries. Nothing here decides what a device does.

mod collect;
mod entries;
mod exclusive;
mod fault;
mod migrate_vma;
mod notifier;

pub(crate) use migrate_vma::DevMigration;
pub(crate) use notifier::Devices;

use crate::folio::{Folio, FolioId, lower};
use crate::model::{Model, answer};
use mm_ops::{
    AllocKind, DEVICES_MAX, DevOp, Device, Errno, FolioFlags, NO_ANON_VMA, Order, Outcome, Pid,
};

impl Folio {
    /// The device in whose memory the folio is.
    pub(crate) const fn device(&self) -> Option<Device> {
        match (self.flags.has(FolioFlags::DEVICE_0), self.flags.has(FolioFlags::DEVICE_1)) {
            (true, _) => Some(Device(0)),
            (_, true) => Some(Device(1)),
            _ => None,
        }
    }
}

impl Model {
    /// The operations of drivers.
    pub(crate) fn device_op(&mut self, op: DevOp) -> Outcome {
        match op {
            DevOp::Setup { device, pid, range, token, select } => {
                count(self.dev_setup((device, select), pid, range, token))
            }
            DevOp::Evict { device, pid, range, token } => {
                count(self.dev_evict(device, pid, range, token))
            }
            DevOp::Pages { token, to_device } => count(self.dev_pages(token, to_device)),
            DevOp::Finalize { token } => answer(self.dev_finalize(token)),
            DevOp::Exclusive { device, pid, vpn, token } => {
                answer(self.dev_exclusive(device, pid, vpn, token))
            }
            DevOp::Read { device, pid, vpn } => match self.device_reach(device, pid, vpn, false) {
                Ok(pfn) => Outcome::Value(self.folios.value[pfn as usize]),
                Err(errno) => Outcome::Err(errno),
            },
            DevOp::Write { device, pid, vpn, value } => {
                answer(self.device_reach(device, pid, vpn, true).map(|pfn| {
                    self.store(crate::entry::Entry::page(pfn, 0), vpn.0, value);
                    let id = self.folios.of(pfn);
                    self.folios[id].set(FolioFlags::DIRTY, true);
                }))
            }
        }
    }

    /// Allocates the destination of a device migration: locked, with the driver's reference, mapped
    /// nowhere; of the device's memory, or an ordinary folio. Too little device memory is no failing
    /// allocation: it is not even tried.
    pub(crate) fn allocate_destination(
        &mut self,
        device: Option<Device>,
        order: u8,
        pid: Pid,
        vpn: u32,
    ) -> Option<FolioId> {
        let pages = 1 << order;
        let mut flags = FolioFlags::LOCKED;
        if let Some(device) = device {
            let free = u32::from(self.config.dev_mem).checked_sub(*self.devices.used(device))?;
            if pages > free || device.0 >= DEVICES_MAX {
                return None;
            }
            self.allocate(AllocKind::DevicePage(Order(order)), pid, vpn).ok()?;
            *self.devices.used(device) += pages;
            let own = [FolioFlags::DEVICE_0, FolioFlags::DEVICE_1];
            flags = flags.with(own[device.index()]);
        } else {
            self.allocate_folio(order, pid, vpn).ok()?;
        }
        let to = self.folios.create(order);
        let folio = &mut self.folios[to];
        (folio.flags, folio.mapping) = (flags, NO_ANON_VMA);
        Some(to)
    }

    /// A folio is freed: a device has its pages back.
    pub(crate) fn free_device_pages(&mut self, id: FolioId) {
        let folio = self.folios[id];
        if let Some(device) = folio.device() {
            lower(self.devices.used(device), folio.pages());
        }
    }
}

/// A number of pages, or the error.
fn count(result: Result<u32, Errno>) -> Outcome {
    match result {
        Ok(pages) => Outcome::Count(pages),
        Err(errno) => Outcome::Err(errno),
    }
}
