//! Invariants of pages that are away from their page tables: in swap, or under migration.

use super::State;
use crate::finding::{Finding, Place};
use mm_ops::{EntryFlags, EntryKind, EntrySnap, FolioFlags, NO_ANON_VMA, SlotSnap, TokenKind};

fn place(entry: &EntrySnap) -> Place {
    Place::Entry(entry.pid, entry.vpn)
}

impl<'a> State<'a> {
    /// SWAP entries with the slot they name and the number of entries that name it.
    fn swapped(&self) -> impl Iterator<Item = (&'a EntrySnap, &'a SlotSnap, u32)> {
        let Self { snapshot, tally, .. } = *self;
        let entries = snapshot.entries.iter().filter(|entry| entry.kind == EntryKind::Swap);
        entries.filter_map(move |entry| {
            let at = snapshot.slots.binary_search_by_key(&entry.page, |slot| slot.slot).ok()?;
            Some((entry, &snapshot.slots[at], tally.slots[at]))
        })
    }
}

/// The page of a cached folio that stands for a slot: cached folios are aligned to their size.
fn cached_page(state: &State<'_>, slot: &SlotSnap) -> Option<(u32, u32)> {
    let folio = slot.cache?;
    Some((folio, slot.slot % state.snapshot.folios[folio as usize].order.pages()))
}

/// INV5: a SWAP entry with the exclusive bit is the only one that names its slot, and no entry maps
/// the page that is cached for it.
pub(super) fn exclusive_slot_has_one_owner(state: &State<'_>) -> Result<(), Finding> {
    for (entry, slot, owners) in state.swapped() {
        if !entry.flags.has(EntryFlags::EXCLUSIVE) {
            continue;
        }
        let mapped = cached_page(state, slot).map_or(0, |(folio, page)| {
            let first = state.snapshot.folios[folio as usize].first_page;
            let sums = &state.tally.pages[(first + page) as usize];
            sums.pte_maps + sums.away + state.tally.folios[folio as usize].pmd_maps
        });
        if owners != 1 || mapped > 0 {
            return Err(Finding::new(
                place(entry),
                "swap_exclusive",
                "no other entry of its slot or page",
                format_args!("{owners} SWAP entries and {mapped} of the cached page"),
            ));
        }
    }
    Ok(())
}

/// INV6: a MIGRATION entry of kind WRITE or READ_EXCL is the only one that names its page, and
/// nothing maps the page.
pub(super) fn exclusive_migration_has_one_owner(state: &State<'_>) -> Result<(), Finding> {
    let kinds = EntryFlags::WRITE.with(EntryFlags::EXCLUSIVE);
    for entry in &state.snapshot.entries {
        let away = matches!(entry.kind, EntryKind::Migration | EntryKind::MigrationLeaf);
        if !away || entry.flags.0 & kinds.0 == 0 {
            continue;
        }
        let page = state.snapshot.folios[entry.folio as usize].first_page + entry.page;
        let sums = &state.tally.pages[page as usize];
        let mapped = sums.pte_maps + state.tally.folios[entry.folio as usize].pmd_maps;
        if sums.away != 1 || mapped > 0 {
            return Err(Finding::new(
                place(entry),
                "migration_exclusive",
                "no other entry of its page",
                format_args!("{} MIGRATION entries and {mapped} mappings", sums.away),
            ));
        }
    }
    Ok(())
}

/// INV11: a slot counts the SWAP entries that name it; one that nothing names and nothing is cached
/// for is free.
pub(super) fn slot_counts_add_up(state: &State<'_>) -> Result<(), Finding> {
    if state.tally.lost_swap_entries > 0 {
        let found = state.tally.lost_swap_entries;
        return Err(Finding::new(Place::Machine, "swap", "no SWAP entry of a free slot", found));
    }
    for (slot, counted) in state.snapshot.slots.iter().zip(&state.tally.slots) {
        let place = Place::Slot(slot.slot);
        if slot.count != *counted {
            return Err(Finding::new(place, "count", counted, slot.count));
        }
        if slot.count == 0 && slot.cache.is_none() {
            return Err(Finding::new(place, "slot", "an owner, or a cached folio", "neither"));
        }
    }
    Ok(())
}

/// INV12: a folio in the swap cache is cached for a slot for each of its pages, in a row and
/// aligned; one that never had a mapping is small and unmapped; no other folio is cached for any.
pub(super) fn cached_folios_own_their_slots(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let sums = &state.tally.folios[id];
        let cached = folio.flags.has(FolioFlags::SWAPCACHE);
        let expected = if cached { folio.order.pages() } else { 0 };
        if sums.slots != expected {
            let place = Place::folio(state.snapshot, id as u32);
            return Err(Finding::new(place, "slots", expected, sums.slots));
        }
        let mut slots = state.snapshot.slots.iter().filter(|slot| slot.cache == Some(id as u32));
        let first = slots.next().map_or(0, |slot| slot.slot);
        let in_a_row = slots.zip(first + 1..).all(|(slot, expected)| slot.slot == expected);
        if cached && !(in_a_row && first.is_multiple_of(folio.order.pages())) {
            let place = Place::folio(state.snapshot, id as u32);
            return Err(Finding::new(place, "slots", "an aligned run", "scattered slots"));
        }
    }
    Ok(())
}

/// INV13: a MIGRATION entry names a folio that a migrator holds, and the folio is locked.
pub(super) fn migration_entries_have_a_migrator(state: &State<'_>) -> Result<(), Finding> {
    for entry in &state.snapshot.entries {
        if !matches!(entry.kind, EntryKind::Migration | EntryKind::MigrationLeaf) {
            continue;
        }
        let migrates = |token: &mm_ops::TokenSnap| {
            matches!(token.kind, TokenKind::Migration { .. }) && token.folio == Some(entry.folio)
        };
        let by_device = state.snapshot.dev_words.iter().any(|w| w.from == Some(entry.folio));
        let locked = state.snapshot.folios[entry.folio as usize].flags.has(FolioFlags::LOCKED);
        if !locked || !(by_device || state.snapshot.tokens.iter().any(migrates)) {
            let found = "nobody who will restore it";
            return Err(Finding::new(place(entry), "migrator", "a migration of its folio", found));
        }
    }
    Ok(())
}

/// INV18: a lazyfree folio has no place in swap.
pub(super) fn lazyfree_is_not_cached(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        if folio.flags.has(FolioFlags::SWAPCACHE) && !folio.flags.has(FolioFlags::SWAPBACKED) {
            let place = Place::folio(state.snapshot, id as u32);
            return Err(Finding::new(place, "swapbacked", "set in the swap cache", "clear"));
        }
    }
    Ok(())
}

/// INV31: whoever refaults a SWAP entry from a cached folio that has a mapping finds its own place
/// in that mapping; but for slots of KSM pages, whose readers copy where it is not theirs (E16).
pub(super) fn refault_finds_its_place(state: &State<'_>) -> Result<(), Finding> {
    if state.anonmm() {
        return Ok(());
    }
    for (entry, slot, _) in state.swapped() {
        let Some((folio, page)) = cached_page(state, slot) else { continue };
        let folio = &state.snapshot.folios[folio as usize];
        let was_ksm = state.history.held_ksm_page(slot.slot);
        if folio.mapping == NO_ANON_VMA || folio.flags.has(FolioFlags::KSM) || was_ksm {
            continue;
        }
        let Some(vma) = state.snapshot.vma_at(entry.pid, entry.vpn) else { continue };
        let linear = u64::from(vma.pgoff) + u64::from(entry.vpn.0 - vma.start.0);
        let index = u64::from(folio.index) + u64::from(page);
        if linear != index || !state.snapshot.avcs_of(vma).contains(&folio.mapping) {
            return Err(Finding::new(
                place(entry),
                "refault",
                format_args!("index {linear}, an anon_vma of its VMA"),
                format_args!("index {index}, anon_vma {}", folio.mapping),
            ));
        }
    }
    Ok(())
}
