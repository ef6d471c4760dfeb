//! Invariants of single entries and of the exclusivity of pages.

use super::State;
use crate::finding::{Finding, Place};
use mm_ops::{EntryFlags, EntryKind, EntrySnap, FolioFlags, VmaFlags};

fn place(entry: &EntrySnap) -> Place {
    Place::Entry(entry.pid, entry.vpn)
}

impl<'a> State<'a> {
    /// The entries that map a page of a folio.
    fn mappings(&self) -> impl Iterator<Item = &'a EntrySnap> {
        self.snapshot.entries.iter().filter(|entry| entry.kind.maps_folio())
    }

    /// PAE of the page an entry maps; of a PMD leaf that of the head.
    fn exclusive(&self, entry: &EntrySnap) -> bool {
        let folio = &self.snapshot.folios[entry.folio as usize];
        self.snapshot.pages[(folio.first_page + entry.page) as usize].exclusive
    }
}

/// INV1: a writable entry maps an exclusive page. In the anonmm scheme no page is called exclusive, and
/// INV24 is all there is.
pub(super) fn writable_is_exclusive(state: &State<'_>) -> Result<(), Finding> {
    if state.anonmm() {
        return Ok(());
    }
    for entry in state.mappings().filter(|entry| entry.flags.has(EntryFlags::WRITE)) {
        if !state.exclusive(entry) {
            return Err(Finding::new(
                place(entry),
                "exclusive",
                "PAE, because the entry is writable",
                "no PAE",
            ));
        }
    }
    Ok(())
}

/// INV2: an exclusive page is mapped by one entry, PTE or PMD.
pub(super) fn exclusive_is_mapped_once(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let by_pmd = state.tally.folios[id].pmd_maps;
        for page in 0..folio.order.pages() {
            let at = (folio.first_page + page) as usize;
            let maps = state.tally.pages[at].pte_maps + by_pmd;
            if state.snapshot.pages[at].exclusive && maps > 1 {
                return Err(Finding::new(
                    Place::folio_page(state.snapshot, id as u32, page),
                    "exclusive",
                    "one mapping, because the page is exclusive",
                    format_args!("{maps} mappings"),
                ));
            }
        }
    }
    Ok(())
}

/// INV7: the zero page, small or huge, is never mapped writable, nor dirty but for the mark of KSM
/// on the small one (S4b); a KSM page is small, never exclusive and never writable.
pub(super) fn zero_page_is_never_writable(state: &State<'_>) -> Result<(), Finding> {
    for entry in &state.snapshot.entries {
        let wrong = match entry.kind {
            EntryKind::ZeroPage => EntryFlags::WRITE.0,
            EntryKind::HugeZero => EntryFlags::WRITE.0 | EntryFlags::DIRTY.0,
            _ => 0,
        };
        if entry.flags.0 & wrong != 0 {
            return Err(Finding::new(
                place(entry),
                "flags",
                "neither W nor dirty on the zero page",
                format_args!("{:?}", entry.flags),
            ));
        }
    }
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let sums = &state.tally.pages[folio.first_page as usize];
        let exclusive = state.snapshot.pages[folio.first_page as usize].exclusive;
        let wrong = exclusive || sums.writable > 0 || folio.order.0 > 0;
        if folio.flags.has(FolioFlags::KSM) && wrong {
            return Err(Finding::new(
                Place::folio(state.snapshot, id as u32),
                "ksm",
                "a small page, neither exclusive nor writable",
                format_args!(
                    "order {}, exclusive {exclusive}, {} writable entries",
                    folio.order.0, sums.writable
                ),
            ));
        }
    }
    Ok(())
}

/// INV16: a PMD leaf maps a folio of exactly the PMD order, from its head; one of a device's block
/// does, too.
pub(super) fn leaf_maps_from_the_head(state: &State<'_>) -> Result<(), Finding> {
    let pmd_order = state.config.pmd_order();
    let leaf =
        |entry: &&EntrySnap| matches!(entry.kind, EntryKind::Leaf | EntryKind::DevPrivateLeaf);
    for entry in state.snapshot.entries.iter().filter(leaf) {
        let order = state.snapshot.folios[entry.folio as usize].order;
        if order != pmd_order || entry.page != 0 {
            return Err(Finding::new(
                place(entry),
                "leaf",
                format_args!("page 0 of a folio of order {}", pmd_order.0),
                format_args!("page {} of a folio of order {}", entry.page, order.0),
            ));
        }
    }
    Ok(())
}

/// INV17 (with INV2.X3 and INV16): an exclusive page is mapped by a PTE, made exclusive to a
/// device, or is the head of a folio that a PMD maps.
pub(super) fn exclusive_only_where_mapped(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let by_pmd = state.tally.folios[id].pmd_maps > 0;
        for page in 0..folio.order.pages() {
            let at = (folio.first_page + page) as usize;
            let sums = &state.tally.pages[at];
            let mapped = sums.pte_maps + sums.exclusive > 0 || (page == 0 && by_pmd);
            if state.snapshot.pages[at].exclusive && !mapped {
                return Err(Finding::new(
                    Place::folio_page(state.snapshot, id as u32, page),
                    "exclusive",
                    "no PAE on a page that nothing maps",
                    "PAE",
                ));
            }
        }
    }
    Ok(())
}

/// INV20: a writable entry stands in a writable VMA and, where userfaultfd may protect it, is not
/// write-protected. Where the registration for that was replaced, the bit means nothing any more.
pub(super) fn writable_only_in_writable_vma(state: &State<'_>) -> Result<(), Finding> {
    for (at, entry) in state.snapshot.entries.iter().enumerate() {
        // In a MIGRATION entry the bit is its kind (S4f), and the VMA may have changed since; nor does
        // a DEVEXCL entry follow its VMA (H6).
        let follows = entry.kind.maps_folio() || entry.kind.is_device_private();
        if !entry.flags.has(EntryFlags::WRITE) || !follows {
            continue;
        }
        let vma = state.snapshot.vmas.get(state.tally.vma_of[at] as usize);
        let allowed = vma.is_some_and(|vma| vma.flags.has(VmaFlags::WRITE));
        let watched = !state.history.watch_was_dropped;
        let watched = watched && vma.is_some_and(|vma| vma.flags.has(VmaFlags::UFFD_WP));
        if !allowed || watched && entry.flags.has(EntryFlags::UFFD_WP) {
            return Err(Finding::new(
                place(entry),
                "flags",
                "W only where the VMA is writable, and not with uwp in a VMA for it",
                format_args!("{:?} in a VMA {:?}", entry.flags, vma.map(|vma| vma.flags)),
            ));
        }
    }
    Ok(())
}

/// INV21: a protnone entry is not writable; a marker has no flags but uwp, and that only if it is
/// the marker for it; the entry of a device's page has no flag of a present one.
pub(super) fn protnone_is_never_writable(state: &State<'_>) -> Result<(), Finding> {
    for entry in &state.snapshot.entries {
        let both = EntryFlags::PROTNONE.with(EntryFlags::WRITE);
        let device = matches!(
            entry.kind,
            EntryKind::DevPrivate | EntryKind::DevPrivateLeaf | EntryKind::DevExclusive
        );
        let present = EntryFlags::PROTNONE.with(EntryFlags::YOUNG).with(EntryFlags::DIRTY);
        let present = present.with(EntryFlags::EXCLUSIVE);
        let marker = match entry.kind {
            EntryKind::Guard | EntryKind::PoisonMarker => Some(EntryFlags::NONE),
            EntryKind::UffdMarker => Some(EntryFlags::UFFD_WP),
            _ => None,
        };
        let wrong = device && entry.flags.0 & present.0 != 0;
        if wrong || entry.flags.has(both) || marker.is_some_and(|flags| flags != entry.flags) {
            return Err(Finding::new(
                place(entry),
                "flags",
                "no W with protnone, no other flags on a marker or a device's entry",
                format_args!("{:?}", entry.flags),
            ));
        }
    }
    Ok(())
}

/// INV24: a page that several entries map is writable through none of them.
pub(super) fn shared_is_never_writable(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let by_pmd = state.tally.folios[id].pmd_maps;
        for page in 0..folio.order.pages() {
            let sums = &state.tally.pages[(folio.first_page + page) as usize];
            if sums.writable > 0 && sums.pte_maps + by_pmd > 1 {
                return Err(Finding::new(
                    Place::folio_page(state.snapshot, id as u32, page),
                    "writable",
                    "no writable entry on a page that several entries map",
                    format_args!("{} of {}", sums.writable, sums.pte_maps + by_pmd),
                ));
            }
        }
    }
    Ok(())
}
