//! The operations of drivers, and what a snapshot must say of devices.

use super::range;
use mm_ops::{
    Config, DevExclusiveMode, DevOp, DevSelect, Device, EntryFlags, EntryKind, EntrySnap,
    FolioFlags, Op, Pid, Snapshot, Token, Value, Vpn,
};

fn device(op: DevOp) -> Op {
    Op::Dev(op)
}

/// Ordinary pages and zero pages go to device 0.
pub(crate) fn dev_setup(pid: u8, start: u32, len: u32, token: u8) -> Op {
    dev_select(0, pid, (start, len), token, DevSelect { system: true, private: false })
}

/// Pages of device 0 come back.
pub(crate) fn dev_setup_back(pid: u8, start: u32, len: u32, token: u8) -> Op {
    dev_select(0, pid, (start, len), token, DevSelect { system: false, private: true })
}

pub(crate) fn dev_select(
    number: u8,
    pid: u8,
    (start, len): (u32, u32),
    token: u8,
    select: DevSelect,
) -> Op {
    let (pid, range, token) = (Pid(pid), range(start, len), Token(token));
    device(DevOp::Setup { device: Device(number), pid, range, token, select })
}

pub(crate) fn dev_evict(pid: u8, start: u32, len: u32, token: u8) -> Op {
    let (pid, range, token) = (Pid(pid), range(start, len), Token(token));
    device(DevOp::Evict { device: Device(0), pid, range, token })
}

pub(crate) fn dev_pages(token: u8, to_device: bool) -> Op {
    device(DevOp::Pages { token: Token(token), to_device })
}

pub(crate) fn dev_finalize(token: u8) -> Op {
    device(DevOp::Finalize { token: Token(token) })
}

pub(crate) fn dev_exclusive(number: u8, pid: u8, vpn: u32, token: u8) -> Op {
    let (pid, vpn, token) = (Pid(pid), Vpn(vpn), Token(token));
    device(DevOp::Exclusive { device: Device(number), pid, vpn, token })
}

pub(crate) fn dev_read(number: u8, pid: u8, vpn: u32) -> Op {
    device(DevOp::Read { device: Device(number), pid: Pid(pid), vpn: Vpn(vpn) })
}

pub(crate) fn dev_write(number: u8, pid: u8, vpn: u32, label: u8) -> Op {
    let (pid, vpn, value) = (Pid(pid), Vpn(vpn), Value::label(label));
    device(DevOp::Write { device: Device(number), pid, vpn, value })
}

/// A whole migration to device 0.
pub(crate) fn to_device(pid: u8, start: u32, len: u32) -> [Op; 3] {
    [dev_setup(pid, start, len, 7), dev_pages(7, true), dev_finalize(7)]
}

/// Whether an entry counts as a mapping (L7, S12).
pub(super) fn maps(entry: &EntrySnap, config: &Config) -> bool {
    match entry.kind {
        EntryKind::DevPrivate | EntryKind::DevPrivateLeaf => true,
        EntryKind::DevExclusive => config.dev_exclusive == DevExclusiveMode::Current,
        kind => kind.maps_folio(),
    }
}

/// INV22, INV23 for an entry that maps a folio.
pub(super) fn check_device_entry(snapshot: &Snapshot, entry: &EntrySnap) {
    let folio = &snapshot.folios[entry.folio as usize];
    let private = matches!(entry.kind, EntryKind::DevPrivate | EntryKind::DevPrivateLeaf);
    assert_eq!(folio.device().is_some(), private, "INV23: {entry:?} of {folio:?}");
    let never = FolioFlags::LRU.with(FolioFlags::SWAPCACHE).with(FolioFlags::DEFERRED);
    assert!(!private || folio.flags.0 & never.0 == 0, "INV23: {folio:?}");
    let page = &snapshot.pages_of(entry.folio)[entry.page as usize];
    assert!(entry.kind != EntryKind::DevExclusive || page.exclusive, "INV22: {entry:?}");
    let known = EntryFlags::WRITE.with(EntryFlags::SOFT_DIRTY).with(EntryFlags::UFFD_WP);
    assert!(entry.kind.maps_folio() || known.has(entry.flags), "S4g, S4h: {entry:?}");
}

/// A device reaches what an entry names that the device is entitled to, and nothing else.
pub(super) fn check_translations(snapshot: &Snapshot) {
    for map in &snapshot.dev_maps {
        let entry = snapshot.entries.iter().rfind(|entry| {
            (entry.pid, entry.folio) == (map.pid, map.folio) && entry.vpn <= map.vpn
        });
        let entry = entry.unwrap_or_else(|| panic!("nothing is at {map:?}"));
        let offset = if entry.kind.is_pmd() { map.page } else { 0 };
        assert_eq!((entry.vpn.0 + offset, entry.page + offset), (map.vpn.0, map.page), "{map:?}");
        let device = snapshot.folios[map.folio as usize].device();
        let entitled = match entry.kind {
            EntryKind::DevPrivate | EntryKind::DevPrivateLeaf => device == Some(map.device),
            EntryKind::DevExclusive | EntryKind::Migration | EntryKind::MigrationLeaf => true,
            _ => false,
        };
        let write = entry.flags.has(EntryFlags::WRITE);
        assert!(entitled && (write || !map.write), "O6: {map:?} by {entry:?}");
    }
}
