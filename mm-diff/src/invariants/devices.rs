//! Invariants of pages that devices have: in their own memory, or exclusively.

use super::State;
use crate::finding::{Finding, Place};
use mm_ops::{
    DevExclusiveMode, DevFlags, DevMapSnap, DevWordSnap, EntryFlags, EntryKind, EntrySnap,
    FolioFlags, Snapshot, TokenKind, Vpn,
};

fn place(entry: &EntrySnap) -> Place {
    Place::Entry(entry.pid, entry.vpn)
}

/// INV22: a page that is exclusive to a device is exclusive, and its entry the only one. Older
/// kernels may leave an entry behind for a page that is not (kind READABLE), and count it
/// as no mapping.
pub(super) fn exclusive_access_is_exclusive(state: &State<'_>) -> Result<(), Finding> {
    let current = state.config.dev_exclusive == DevExclusiveMode::Current;
    let of_device = |entry: &&EntrySnap| entry.kind == EntryKind::DevExclusive;
    for entry in state.snapshot.entries.iter().filter(of_device) {
        if !current && !entry.flags.has(EntryFlags::WRITE) {
            continue;
        }
        let folio = &state.snapshot.folios[entry.folio as usize];
        let at = (folio.first_page + entry.page) as usize;
        let exclusive = state.snapshot.pages[at].exclusive;
        let sums = &state.tally.pages[at];
        let others = sums.pte_maps - u32::from(current) + folio.entire_mapcount;
        if !exclusive || others > 0 || sums.exclusive != 1 {
            return Err(Finding::new(
                place(entry),
                "device_exclusive",
                "an exclusive page without any other entry",
                format_args!("PAE {exclusive}, {others} mappings, {} DEVEXCL", sums.exclusive),
            ));
        }
    }
    Ok(())
}

/// INV23: a writable entry of a device's page names an exclusive page; the pages of devices are named by
/// such entries and by MIGRATION entries only, and are not on the LRU, in swap, pinned or queued.
pub(super) fn device_pages_are_where_they_belong(state: &State<'_>) -> Result<(), Finding> {
    for entry in state.snapshot.entries.iter().filter(|entry| entry.kind.names_folio()) {
        let folio = &state.snapshot.folios[entry.folio as usize];
        let away = matches!(entry.kind, EntryKind::Migration | EntryKind::MigrationLeaf);
        let by_device = entry.kind.is_device_private();
        if !away && by_device != folio.device().is_some() {
            let expected = if by_device { "a device's page" } else { "no device's page" };
            return Err(Finding::new(place(entry), "device", expected, "otherwise"));
        }
        let page = &state.snapshot.pages[(folio.first_page + entry.page) as usize];
        if by_device && entry.flags.has(EntryFlags::WRITE) && !page.exclusive {
            let expected = "PAE, because the entry is writable";
            return Err(Finding::new(place(entry), "exclusive", expected, "no PAE"));
        }
    }
    let never = FolioFlags::LRU.with(FolioFlags::SWAPCACHE).with(FolioFlags::DEFERRED);
    let never = never.with(FolioFlags::WRITEBACK).with(FolioFlags::PARTIALLY_MAPPED);
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let pins = state.tally.folios[id].pins + state.tally.folios[id].gets;
        let both = folio.flags.has(FolioFlags::DEVICE_0.with(FolioFlags::DEVICE_1));
        let misplaced = folio.flags.0 & never.0 != 0 || pins > 0 || both;
        if folio.device().is_some() && misplaced {
            return Err(Finding::new(
                Place::folio(state.snapshot, id as u32),
                "device",
                "a page of one device, on no list and held by no GUP",
                format_args!("{:?}, {pins} references of GUP", folio.flags),
            ));
        }
    }
    Ok(())
}

/// O11: a device reaches a page only while it holds it: the entry names the page and is the device's, or
/// is a MIGRATION entry of a page that has not left the device yet; and it writes only where
/// the entry is writable. Whatever takes more away has to tell the device.
pub(super) fn a_device_reaches_what_it_holds(state: &State<'_>) -> Result<(), Finding> {
    for map in &state.snapshot.dev_maps {
        let held = entry_at(state.snapshot, map).is_some_and(|(entry, page)| {
            let named = (entry.folio, page) == (map.folio, map.page);
            named && may_reach(state, map, entry)
        });
        if !held {
            return Err(Finding::new(
                Place::DevMap(map.device, map.pid, map.vpn),
                "translation",
                "one of a page that the device holds",
                if map.write { "a writable one of another" } else { "one of another" },
            ));
        }
    }
    Ok(())
}

/// Whether this entry lets the device have this translation.
fn may_reach(state: &State<'_>, map: &DevMapSnap, entry: &EntrySnap) -> bool {
    let writable = entry.flags.has(EntryFlags::WRITE);
    match entry.kind {
        EntryKind::DevExclusive => true,
        EntryKind::DevPrivate
        | EntryKind::DevPrivateLeaf
        | EntryKind::Migration
        | EntryKind::MigrationLeaf => {
            let folio = &state.snapshot.folios[entry.folio as usize];
            folio.device() == Some(map.device) && (writable || !map.write)
        }
        _ => false,
    }
}

/// The entry at the place of a translation, and the page of its folio that stands there.
fn entry_at<'s>(snapshot: &'s Snapshot, map: &DevMapSnap) -> Option<(&'s EntrySnap, u32)> {
    let behind = snapshot.entries.partition_point(|e| (e.pid, e.vpn) <= (map.pid, map.vpn));
    let entry = snapshot.entries[..behind].last()?;
    let offset = map.vpn.0 - entry.vpn.0.min(map.vpn.0);
    let reaches = entry.pid == map.pid && (offset == 0 || entry.kind.is_pmd());
    (reaches && entry.kind.names_folio()).then_some((entry, entry.page + offset))
}

/// N1: words belong to a device migration and lie in its range; one that is VALID names a folio, and no other
/// does; what a destination names is not what any source names.
pub(super) fn words_name_their_pages(state: &State<'_>) -> Result<(), Finding> {
    for word in &state.snapshot.dev_words {
        let valid =
            |flags: DevFlags, folio: Option<u32>| flags.has(DevFlags::VALID) == folio.is_some();
        let shape = valid(word.src, word.from) && valid(word.dst, word.to);
        let used = word.src != DevFlags::NONE || word.dst != DevFlags::NONE;
        let apart = word.from.is_none() || word.from != word.to;
        if !(shape && used && apart && is_of_a_migration(state.snapshot, word)) {
            return Err(Finding::new(
                Place::DevWord(word.token, word.vpn),
                "word",
                "a word of a device migration that names a page where it is VALID",
                format_args!("{:?} of {:?}, {:?} of {:?}", word.src, word.from, word.dst, word.to),
            ));
        }
    }
    Ok(())
}

fn is_of_a_migration(snapshot: &Snapshot, word: &DevWordSnap) -> bool {
    let inside = |vpn: Vpn, token: &mm_ops::TokenSnap| match token.kind {
        TokenKind::DevMigration { range, .. } => range.contains(vpn),
        _ => false,
    };
    let mut tokens = snapshot.tokens.iter().filter(|token| token.token == word.token);
    tokens.any(|token| inside(word.vpn, token))
}

/// N7: no device has more pages in use than it has.
pub(super) fn device_memory_is_bounded(state: &State<'_>) -> Result<(), Finding> {
    let mut used = [0; mm_ops::DEVICES_MAX as usize];
    for folio in &state.snapshot.folios {
        if let Some(device) = folio.device() {
            used[device.index()] += folio.order.pages();
        }
    }
    let has = u32::from(state.config.dev_mem);
    match used.into_iter().find(|used| *used > has) {
        Some(used) => {
            let expected = format!("{has} pages at most");
            Err(Finding::new(Place::Machine, "device_memory", expected, used))
        }
        None => Ok(()),
    }
}
