//! What devices reach, and what they are told (O6, O11, O12): translations follow nothing, they are only
//! lost. Whoever changes page tables calls [`Reference::notify`] before it does.

use std::ops::Range;

use mm_ops::{
    Device, EntryFlags, Errno, EventKind, EventSnap, PageRange, Pid, Value, VmaFlags, Vpn,
};

use super::DevMap;
use crate::coverage::rule;
use crate::state::{Leaf, Mapped, PmdKind, Pte, Reference};

/// Events.
impl Reference {
    /// The start of a notifier event that no device causes: every translation in the range is lost.
    /// Recorded is each page that had one.
    pub(crate) fn notify(&mut self, kind: EventKind, pid: Pid, range: Range<u32>) {
        let inside = |of: &(Device, Pid, u32)| of.1 == pid && range.contains(&of.2);
        let mut pages: Vec<u32> =
            self.devices.maps.keys().filter(|of| inside(of)).map(|of| of.2).collect();
        pages.sort_unstable();
        pages.dedup();
        for vpn in pages {
            rule!(self.coverage, O11, kind as u8);
            let range = PageRange::new(vpn, 1);
            self.devices.events.push(EventSnap { kind, pid, range, owner: None });
        }
        self.devices.maps.retain(|of, _| !inside(of));
    }

    /// The start of an EXCLUSIVE or MIGRATE event: it is always recorded, and the device that causes it
    /// ignores it (O6).
    pub(super) fn notify_others(
        &mut self,
        kind: EventKind,
        pid: Pid,
        range: Range<u32>,
        owner: Device,
    ) {
        rule!(self.coverage, O6, kind as u8);
        let lost = |of: &(Device, Pid, u32)| of.0 != owner && of.1 == pid && range.contains(&of.2);
        if self.devices.maps.keys().any(lost) {
            rule!(self.coverage, O12, kind as u8);
        }
        self.devices.maps.retain(|of, _| !lost(of));
        let range = PageRange::new(range.start, range.len() as u32);
        self.devices.events.push(EventSnap { kind, pid, range, owner: Some(owner) });
    }

    /// CLEAR, for the part of a VMA that a walk over a folio visits to unmap it; of a KSM page each place
    /// where it is.
    pub(crate) fn notify_visit(&mut self, pid: Pid, part: Range<u32>) {
        self.notify(EventKind::Clear, pid, part);
    }
}

/// Accesses.
impl Reference {
    /// `dev_read`.
    pub(super) fn dev_read(&mut self, device: Device, pid: Pid, vpn: u32) -> Result<Value, Errno> {
        let map = self.device_access(device, pid, vpn, false)?;
        Ok(self.page(map.folio, map.page).value)
    }

    /// `dev_write`: the driver marks the folio dirty.
    pub(super) fn dev_write(
        &mut self,
        device: Device,
        pid: Pid,
        vpn: u32,
        value: Value,
    ) -> Result<(), Errno> {
        let map = self.device_access(device, pid, vpn, true)?;
        self.page_mut(map.folio, map.page).value = value;
        self.mark_folio_dirty(map.folio);
        Ok(())
    }

    /// The translation of a page, by a device fault if need be.
    fn device_access(
        &mut self,
        device: Device,
        pid: Pid,
        vpn: u32,
        write: bool,
    ) -> Result<DevMap, Errno> {
        let there = self.devices.maps.get(&(device, pid, vpn)).copied();
        if let Some(map) = there.filter(|map| map.write || !write) {
            return Ok(map);
        }
        let readable = self.vma(pid, Vpn(vpn)).is_some_and(|vma| vma.has(VmaFlags::READ));
        let map = self.device_private_at(pid, vpn).filter(|_| readable).ok_or(Errno::EFAULT)?;
        if self.device_of(map.folio) != Some(device) || write && !map.write {
            return Err(Errno::EFAULT);
        }
        rule!(self.coverage, N10, u8::from(map.write));
        self.devices.maps.insert((device, pid, vpn), map);
        Ok(map)
    }

    /// What a DEVPRIV entry lets its device reach at a page.
    fn device_private_at(&self, pid: Pid, vpn: u32) -> Option<DevMap> {
        let (folio, page, flags) = match (self.pmd(pid, vpn), self.pte(pid, vpn)) {
            (PmdKind::DevPrivate(Leaf { folio, flags }), _) => {
                (folio, vpn - self.block_start(vpn), flags)
            }
            (_, Pte::DevPrivate(Mapped { folio, page, flags })) => (folio, page, flags),
            _ => return None,
        };
        Some(DevMap { folio, page, write: flags.has(EntryFlags::WRITE) })
    }
}
