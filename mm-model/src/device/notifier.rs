//! What a device reaches, and what takes that away (O6, O11, O12): its translations of pages of
//! processes, the events of the notifier that end them, and the accesses made through them. A
//! translation follows nothing: what an operation does to an entry it tells here, before it does it.

use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::Model;
use crate::rmap_walk::RmapRange;
use mm_ops::{
    DEVICES_MAX, DevMapSnap, Device, Errno, EventKind, EventSnap, FolioFlags, PageRange, Pid,
    VmaFlags, Vpn,
};
use std::collections::BTreeMap;

/// A page that a device reaches.
#[derive(Clone, Copy)]
struct Translation {
    pfn: Pfn,
    write: bool,
}

/// The state of all devices.
#[derive(Default)]
pub(crate) struct Devices {
    maps: BTreeMap<(Device, Pid, u32), Translation>,
    /// Events of the operation under way.
    events: Vec<EventSnap>,
    /// Pages of each device's memory that are in use.
    used: [u32; DEVICES_MAX as usize],
}

impl Devices {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// An operation begins.
    pub(crate) fn begin(&mut self) {
        self.events.clear();
    }

    pub(crate) fn used(&mut self, device: Device) -> &mut u32 {
        &mut self.used[device.index()]
    }

    pub(crate) fn events(&self) -> &[EventSnap] {
        &self.events
    }

    /// The driver takes its own translation of a page away.
    pub(crate) fn forget(&mut self, device: Device, pid: Pid, vpn: u32) {
        self.maps.remove(&(device, pid, vpn));
    }

    /// The device reaches a page from now on.
    pub(crate) fn learn(&mut self, device: Device, pid: Pid, vpn: u32, pfn: Pfn, write: bool) {
        self.maps.insert((device, pid, vpn), Translation { pfn, write });
    }

    /// The pages of a range that some device reaches, those of the owner excepted, ascending.
    fn reached(&self, pid: Pid, start: u32, end: u32, owner: Option<Device>) -> Vec<u32> {
        let others = (0..DEVICES_MAX).map(Device).filter(|device| Some(*device) != owner);
        let keys =
            others.flat_map(|device| self.maps.range((device, pid, start)..(device, pid, end)));
        let mut pages: Vec<u32> = keys.map(|((_, _, vpn), _)| *vpn).collect();
        pages.sort_unstable();
        pages.dedup();
        pages
    }

    /// All devices but the owner lose a page.
    fn lose(&mut self, pid: Pid, vpn: u32, owner: Option<Device>) {
        for device in (0..DEVICES_MAX).map(Device).filter(|device| Some(*device) != owner) {
            self.forget(device, pid, vpn);
        }
    }
}

impl Model {
    /// An event without an owner begins: each page that a device loses by it is recorded.
    #[inline]
    pub(crate) fn notify(&mut self, kind: EventKind, pid: Pid, start: u32, end: u32) {
        if !self.devices.maps.is_empty() {
            self.notify_devices(kind, pid, start, end);
        }
    }

    #[cold]
    fn notify_devices(&mut self, kind: EventKind, pid: Pid, start: u32, end: u32) {
        for vpn in self.devices.reached(pid, start, end, None) {
            let range = PageRange::new(vpn, 1);
            self.devices.events.push(EventSnap { kind, pid, range, owner: None });
            self.devices.lose(pid, vpn, None);
        }
    }

    /// An event that a device causes begins: it is recorded whole, and the device does not mind it
    /// (O6).
    pub(crate) fn notify_owned(&mut self, kind: EventKind, pid: Pid, range: PageRange, by: Device) {
        let owner = Some(by);
        self.devices.events.push(EventSnap { kind, pid, range, owner });
        for vpn in self.devices.reached(pid, range.start.0, range.end() as u32, owner) {
            self.devices.lose(pid, vpn, owner);
        }
    }

    /// A walk that unmaps a folio comes to a VMA, whatever it finds there. A KSM page has no place of
    /// its own: it counts where it is found.
    #[inline]
    pub(crate) fn notify_visit(&mut self, id: FolioId, range: &RmapRange) {
        if self.devices.maps.is_empty() {
            return;
        }
        let folio = &self.folios[id];
        if !folio.flags.has(FolioFlags::KSM) || self.maps_in(folio.head, range) {
            let (pid, start) = (range.area.pid, range.start);
            self.notify_devices(EventKind::Clear, pid, start, start + range.len);
        }
    }

    /// The frame that a device reaches at a page: by its translation, else by a device fault, which
    /// finds its own memory alone.
    pub(crate) fn device_reach(
        &mut self,
        device: Device,
        pid: Pid,
        vpn: Vpn,
        write: bool,
    ) -> Result<Pfn, Errno> {
        if let Some(translation) = self.devices.maps.get(&(device, pid, vpn.0))
            && (translation.write || !write)
        {
            return Ok(translation.pfn);
        }
        let area = self.area_at(pid, vpn.0).filter(|area| area.has(VmaFlags::READ));
        let entry = area.and_then(|_| self.entry_at(pid, vpn));
        let own = |entry: &Entry| {
            entry.is_device_private()
                && self.folios[self.folios.of(entry.pfn())].device() == Some(device)
        };
        let entry = entry.filter(own).ok_or(Errno::EFAULT)?;
        if write && !entry.has(Entry::WRITE) {
            return Err(Errno::EFAULT);
        }
        let pfn = self.frame_at(entry, vpn.0);
        self.devices.learn(device, pid, vpn.0, pfn, entry.has(Entry::WRITE));
        Ok(pfn)
    }

    /// All translations, as a snapshot shows them.
    pub(crate) fn device_maps(&self) -> impl Iterator<Item = DevMapSnap> + '_ {
        self.devices.maps.iter().map(|(&(device, pid, vpn), &Translation { pfn, write })| {
            let folio = self.folios.of(pfn);
            let page = self.page_of(pfn);
            DevMapSnap { device, pid, vpn: Vpn(vpn), folio, page, write }
        })
    }
}
